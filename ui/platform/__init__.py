"""The platform's figures in words and as charts; drawn by `views.platform`."""
