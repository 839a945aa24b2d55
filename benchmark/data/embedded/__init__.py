"""Real data that ship with stbench: a city is there after installing, without a network.

In: nothing but the package. A folder a city, without code: `flights/`.
Out: the canonical city, unpacked below STBENCH_HOME when it is first used, the same to the byte as its source builds it.

Open first: `pack.py`, arrays to city and back; `recipe.py` is how runs find and unpack one. What ships of a city:

    card.json     the card of the canonical city: licence, counts, SHA-256 of every file, fingerprint
    nodes.csv     its node table
    arrays.npz    <task>.values (uint8 or uint16), <task>.observed (bool), links (uint16: the graph is these, row-normalised)

The card is read from here until the city is unpacked, so that lists and dry runs write nothing.
"""
