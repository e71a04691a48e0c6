"""One module per page type, found by being here; each has an ORDER and `inspect(page)`.

ORDER: 10 no struct page, 20 device memory, 30 to 39 pages whose head carries a type, 40 to 49 kernel pages known by who
points at them, 50 reserved, 60 to 69 user pages, 70 pages that lost their type when they were recovered, 90 the rest.
The more specific owner comes first: kernel image and percpu before reserved, kernel stack before vmalloc.
"""
