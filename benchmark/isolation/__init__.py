"""A method in a process of its own, which is sent what it may see, and from which nothing but numbers comes back.

In: a method's target, its options and its problem; then calls, a batch of inputs each. Out: tensors and JSON.

Open first: `child.py`, the measuring side. `host.py` is the method's side, of which each family has its own; `wire.py` is what goes over
the wire: copies of tensors on the way there, so that nothing hangs on a view of something larger, and no pickle on the way back, so that
nothing is run here. `alone.py` chooses what is asked again, by itself, of a method that has seen nothing else.

The process is forked from a server that was started with an empty STBENCH_HOME and has read no data. It stops what a method can reach in
its own process, and nothing more: a file is still read by an absolute path, and a package still runs code where it is registered.
"""
