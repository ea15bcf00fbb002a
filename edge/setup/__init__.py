"""The first boot of a box, without a shell: from a code of head office to the first tap.

`setup.py` takes the steps; `edge/web/setup` shows them; `edge/first_boot.py` puts them together.
"""
