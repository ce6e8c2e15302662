"""The default model: a CLIP that reads handwriting.

`load.load_handwriting_model` gives it the way open_clip gives its own; `crops.encode_crops`, `encode_and_read` and
`encode_texts` there are the fast way. What compares spellings (`alphabet`, `classes`, `posteriors`, `likely`) needs no
torch, so that a search starts at once.
"""
