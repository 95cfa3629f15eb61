"""What the pages on models share: training, recipes in words, and deeds that ask first."""
