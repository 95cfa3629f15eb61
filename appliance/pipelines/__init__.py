"""The flow, one short sequential function a pipeline: read these to see how rooms join.

Each may be killed at any instruction and run again: what was finished is not repeated, and
what was half done is done over, with the same result.
"""
