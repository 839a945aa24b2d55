"""The skeleton of a method in a package of its own: what `stbench new` writes.

In: the name of a method, and what it is to be, a forecaster or an encoder. Out: a new folder, a package that pip installs, whose method
passes the conformance kit as it stands. Its author replaces what is marked "replace this".

Open first: `writing.py`, which names are refused and how the folder is written. The files themselves, each ending in `.in`:

    shared/                 package, test and card, the same for both
    forecaster/, encoder/   facts, options, network and method

They are texts that are copied, and no modules of the engine. `my_method` in them, names of files included, becomes the method's name.
"""
