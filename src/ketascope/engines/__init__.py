"""The one place where work is spread: a `map` over chunks, in this process, over processes, or on a Dask cluster.

A chunk is plain data, the work is a function of the top level of a module, and a chunk done twice gives the same result
twice. So an engine may start a chunk again when a worker died, and the numbers depend neither on the engine nor on the
number of workers. To add an engine: a module here with a generator of (index, result), and its name in `mapping.py`.
"""

from ketascope.engines.mapping import ENGINES, check_engine, in_order, map_chunks

__all__ = ["ENGINES", "check_engine", "in_order", "map_chunks"]
