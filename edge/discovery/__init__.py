"""What is attached to this machine, and the `[[devices]]` table that each device needs.

One finder for each stack, each behind the same shape (`found.Finder`); `survey.survey` asks them
all at once. They look and change nothing: a port that a running box holds stays untouched, unless
somebody asks for a probe.
"""
