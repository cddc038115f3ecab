# The grader as an image: `docker build -t grader .`, then see "Docker" in README.md. No assignment is in it: the course
# folder is mounted. On a machine with a GPU the same image grades on it (--gpus all).
#
#   BASE         any image with glibc and Python 3.11 or newer with venv and pip
#   TORCH_INDEX  where else to look for torch, such as an index of wheels without CUDA: 1 GB instead of 6
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
ARG TORCH_INDEX=
WORKDIR /build
RUN python3 -m venv /opt/grader
# Dependencies in a layer of their own, at the versions that pyproject.toml names: no other change makes it anew.
COPY pyproject.toml ./
RUN python3 -c "import pathlib, tomllib; \
        told = tomllib.loads(pathlib.Path('pyproject.toml').read_text()); \
        project, pins = told['project'], told['tool']['uv']['constraint-dependencies']; \
        wanted = project['dependencies'] + project['optional-dependencies']['postgres']; \
        pathlib.Path('requirements.txt').write_text('\n'.join(wanted)); \
        pathlib.Path('constraints.txt').write_text('\n'.join(pins))" \
    && /opt/grader/bin/pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url ${TORCH_INDEX}} \
        -r requirements.txt -c constraints.txt
COPY README.md LICENSE ./
COPY grader grader
# What a running grader needs no more goes: nothing can be installed in the image afterwards.
RUN /opt/grader/bin/pip install --no-cache-dir --no-deps . \
    && /opt/grader/bin/python -m pip uninstall --yes --quiet pip

FROM ${BASE}
# Reports go to a folder that is mounted on /reports: a new volume gets this one's owner.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin grader \
    && mkdir /course /reports \
    && chown 10001:10001 /reports
COPY --from=build /opt/grader /opt/grader
# USER in the environment: with `docker run --user` the account has no name of its own. PYTHONSAFEPATH: nothing is
# imported from the current folder, which may be a student's.
ENV PATH=/opt/grader/bin:$PATH HOME=/tmp USER=grader PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONSAFEPATH=1
USER 10001:10001
WORKDIR /course
ENTRYPOINT ["python", "-m", "grader"]
CMD ["--help"]
