"""Jobs and schedules in words, and the forms by which they are asked for; drawn by `views`."""
