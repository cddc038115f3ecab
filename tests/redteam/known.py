"""What is known to fail, and why: each has to fail until it is mended, and is to be taken out of here then."""

HELPERS = (
    "what a check's helper says about errors, hooks or parameters is a claim made in the student's process; "
    "a notebook that patches grader.authoring earns what it claims"
)
TOGETHER = (
    "public checks run in one process with the hidden ones, and the session keeps what it was sent: the source and "
    "the seeds of hidden checks reach the student's report in what public checks raise and return"
)
UNCOUNTED = (
    "memory is counted by what living processes have mapped and touched; files without names and shared memory that "
    "another process has filled are in no such count, and only a cgroup or a filter on memfd_create and shared "
    "mappings would hold them"
)
UNSEEN = "where no quota holds, what is written to unlinked files, or below the longest path, is not added up"
METADATA = (
    "Landlock does not cover modes, times and extended attributes of files; code that runs under the account that "
    "owns the course (as root where the interpreter is in a home of mode 0700) can change them"
)
SENDING = "a request is sent without a limit: where it is longer than the socket's buffer, nobody has to read it"
NOTICES = "a session's notices, which the notebook can forge, stand among the grader's own in reports and grade.json"
EVIDENCE = (
    "what every check returned, up to 64 MiB each, is held until the submission is graded and then written to disk: "
    "3.5 GB for an assignment of 55 checks"
)
ALL = ("namespaces", "landlock", "landlock, same account")
# Attack: where it gets what it must not get, and the reason.
KNOWN = {
    "agree_with_the_toolkit": (ALL, HELPERS),
    "carry_hidden_checks_into_public_ones": (ALL, TOGETHER),
    "forge_notices": (ALL, NOTICES),
    "large_observations": (ALL, EVIDENCE),
    "memory_in_nameless_files": (ALL, UNCOUNTED),
    "memory_that_nobody_holds": (ALL, UNCOUNTED),
    "disk_that_no_folder_shows": (ALL[1:], UNSEEN),
    "disk_below_the_longest_path": (ALL[1:], UNSEEN),
    "change_what_it_may_not_open": (ALL[2:], METADATA),
}
