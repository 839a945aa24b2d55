"""The card of a city for readers: all that is known of it, as plain data, on the terminal and as one page.

In: the folder of a prepared city; its card, and what `CityCards.look` reads out of its arrays.
Out: plain data (`about.py`), their text (`text.py`), a page that works without a network (`page.py`, with its pictures in `drawing.py`).

Open first: `about.py`. What a card says, each kind of city knows itself: `benchmark/data/*/cards.py` and `profile.py`.
"""
