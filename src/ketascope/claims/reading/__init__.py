"""From bytes to clean text: one module for each format, and what they share.

`formats` tells what the bytes are, `decoding` makes characters of them, `plain`, `markdown`, `page` and `pdf` make
passages, `cleaning` and `passages` make the text that offsets point into. `address` fetches, `language` judges.
"""
