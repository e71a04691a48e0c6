def make(case, folder):
    raise NotImplementedError
