"""What machine a plant needs, from measured costs, and what gives way first."""
