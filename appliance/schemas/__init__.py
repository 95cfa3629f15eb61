"""The nouns that rooms hand to each other, one file a noun."""
