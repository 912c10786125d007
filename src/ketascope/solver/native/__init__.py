"""The chain as machine code for this processor: recorded equations, LLVM instructions, compiled once."""
