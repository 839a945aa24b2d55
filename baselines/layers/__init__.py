"""Network parts that two or more methods share. What only one method needs stands beside it.

In: tensors, and for sequences of unequal length a `Ragged` layout instead of padding. Out: tensors of the same layout.

Open first: `ragged.py`: all tokens in one tensor, and the sequence and place of each. Then by what is wanted:

    `attention.py`  post-norm Transformer layers on such sequences, and positions
    `bert.py`       such layers as BERT has them, and its first weights
    `axis.py`       post-norm Transformer layers along one axis of a dense tensor
    `padding.py`    padded tables of sequences of like length, for attention
    `recurrent.py`  a GRU over such sequences
    `dropout.py`    dropout with cheap masks on the CPU
    `graph.py`      operators of a graph: random walk, scaled Laplacian, Chebyshev polynomials
    `temporal.py`   convolution over time as one matrix product
    `skip_gram.py`  skip-gram over sequences of roads, by gensim
    `walks.py`      biased random walks on a graph

A layer has no options class, no file path and no seed; shapes stand in its docstrings.
"""
