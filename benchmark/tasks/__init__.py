"""How each task is posed and scored."""
