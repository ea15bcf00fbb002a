"""What the project measures, beside floors and peers that run in the same minute."""
