//! What does the disk itself do? Small appends, each made durable, as a log makes them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many times a second `bytes` can be appended and made durable in `folder`, tried for so long.
pub(crate) fn appends_per_second(folder: &Path, bytes: usize, time: Duration) -> anyhow::Result<f64> {
    let path = folder.join("appends");
    let mut file = File::create(&path)?;
    let block = vec![7_u8; bytes];
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < time {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
