"""The script that Streamlit runs at every visit and every action.

Streamlit passes it off as the program's main module, which the page processes of an ingestion import when they start:
they must find nothing to do here.
"""

if __name__ == "__main__":
    from ui.portal import visit

    visit.show()
