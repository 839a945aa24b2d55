"""Tables and statistics over records."""
