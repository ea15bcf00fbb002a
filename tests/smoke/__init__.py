"""The demo's stack without a person: taps, money, assets, kills and cuts, counted from outside."""
