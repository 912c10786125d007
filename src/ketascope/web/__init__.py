"""The web app: thin routes over the library's calls. It decides nothing and computes nothing itself."""
