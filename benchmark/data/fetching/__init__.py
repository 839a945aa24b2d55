"""What providers give away → files in a folder of this machine, from which a source builds a city.

In: an `Offer`, which a source declares: files, their addresses, on which terms.
Out: `STBENCH_HOME/downloads/<source>/`, in which a file is whole or not there, and `fetched.json`, the SHA-256 of each.

Open first: `offer.py`, what a source declares; then `fetch.py`, the way from there to the folder. `transfer.py` brings one file from one
address and goes on where it stopped; `fetched.py` is what a folder knows of its files.
"""
