"""The axes of campaigns: dotted keys, points, what lies over what, and when starts are enough."""
