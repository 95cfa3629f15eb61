"""What every benchmark needs: a plant's data, sides in processes of their own, result lines."""
