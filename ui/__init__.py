"""The web UI: pages in Streamlit that talk to the platform through `appliance.client` alone."""
