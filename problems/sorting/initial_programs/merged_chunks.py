"""Sort chunks of fixed length by insertion, and merge each into the result from its beginning."""


def entrypoint(items, before):
    chunk = 90
    order = []
    for start in range(0, len(items), chunk):
        run = []
        for item in items[start : start + chunk]:
            place = 0
            while place < len(run) and not before(item, run[place]):
                place += 1
            run.insert(place, item)
        merged = []
        i = 0
        for item in order:
            while i < len(run) and before(run[i], item):
                merged.append(run[i])
                i += 1
            merged.append(item)
        order = merged + run[i:]
    return order
