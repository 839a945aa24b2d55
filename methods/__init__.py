"""The methods the project was made for."""
