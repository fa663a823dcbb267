//! How does a command read and write files? With a sentence when it can't, and for its owner only.

use std::path::{Path, PathBuf};

use hongbao_types::ApiKey;

use crate::error::{Explain, Failure, Result};

/// The content of a file named in a profile, a configuration or a flag.
pub(crate) fn read_file(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .explain(path.display())
        .map_err(|failure| failure.hint("check the path; in a profile or a configuration it is relative to that file"))
}

/// What a file, or standard input (`-`), is called, and at most `limit` bytes of what is in it.
pub(crate) fn read_input(path: &Path, limit: u64) -> Result<(String, Vec<u8>)> {
    use std::io::Read;
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let mut body = Vec::new();
    let read = if is_stdin {
        std::io::stdin().take(limit).read_to_end(&mut body)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut body))
    };
    read.explain(&name).map_err(|failure| failure.hint("name a file, or - for standard input"))?;
    Ok((name, body))
}

/// The API key in a file; white space around it does not count.
pub(crate) fn read_api_key(path: &Path) -> Result<ApiKey> {
    ApiKey::try_new(read_file(path)?.trim()).map_err(|error| {
        Failure::new(format!("no API key: {}: {error}", path.display()))
            .hint("the file holds the key (APIv2 密钥) and nothing else")
    })
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write;
    let write = || {
        // Made aside (0600) and put in place: nobody ever sees half a file.
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("")))?;
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(|_| ()).explain(path.display())
}

/// Paths that were named, seen from `folder`.
pub(crate) fn rebase<'a>(folder: &Path, paths: impl IntoIterator<Item = &'a mut PathBuf>) {
    for path in paths {
        *path = folder.join(&*path);
    }
}
