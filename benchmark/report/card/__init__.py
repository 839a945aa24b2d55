"""The card of a city for readers: all that is known of it, as plain data, on the terminal and as one page.

In: the folder of a prepared city; its card, and what `CityCards.look` reads out of its arrays.
Out: plain data (`about.py`), their text (`text.py`), a page that works without a network (`page.py`, with its pictures in `drawing.py`).

Open first: `about.py`. `use.py` puts a licence in plain words, and makes a city's citation. What a card says, and what arrays tell, each
kind of city knows itself: `benchmark/data/forecasting/cards.py`, `benchmark/data/trajectory/cards.py`.
"""
