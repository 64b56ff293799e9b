// Nothing: the peers speak through pipes and ptys.
