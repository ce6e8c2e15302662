"""Hits as files that other programs read; `export` in `forms.py` chooses."""
