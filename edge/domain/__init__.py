"""Pure rules of the counter: facts in, Decision or Refusal out."""
