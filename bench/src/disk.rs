//! What does the disk itself do? Small writes, each made durable: at the end of a file that grows, and over one
//! that is there, as SQLite's log is after its first round.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How large the file that is there is.
const THERE: usize = 64 * 1024 * 1024;

/// How the blocks are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    AtTheEnd,
    Over,
}

/// How many times a second `bytes` can be written and made durable in `folder`, tried for so long.
pub(crate) fn writes_per_second(folder: &Path, bytes: usize, how: Writes, time: Duration) -> anyhow::Result<f64> {
    let path = folder.join("writes");
    let mut file = File::create(&path)?;
    let block = vec![7_u8; bytes];
    let blocks = THERE / bytes;
    if how == Writes::Over {
        for _ in 0..blocks {
            file.write_all(&block)?;
        }
        file.sync_all()?;
    }
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < time {
        if how == Writes::Over && count % blocks == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
