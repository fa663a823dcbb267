//! Databases for tests, started by the tests themselves on free ports of this machine: one PostgreSQL, a cluster that
//! fails over, a pooler. All of it ends and is removed with the process, however that ends.
//!
//! # Panics
//! When a program is not installed, or does not start: a test that can't run has failed.

#![expect(clippy::missing_panics_doc, clippy::print_stdout, reason = "said above; and tests are told what is done")]

mod patroni;
mod pgbouncer;
mod postgres;

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use patroni::Patroni;
pub use pgbouncer::PgBouncer;
pub use postgres::{Cluster, shared};

/// Whom servers run as when we are root, whom PostgreSQL refuses.
const USER: &str = "postgres";
/// Of everybody, in every database here.
const PASSWORD: &str = "hongbao-test";

/// Ends every process that names a folder, and removes the folder, once our end of the pipe is closed, which it is when
/// we end. Signals that a terminal sends to all of us don't end it.
///
/// Everything here is started with the folder in its command line, and what PostgreSQL forks goes when it goes.
#[derive(Debug)]
struct Watchdog(Child);

/// PostgreSQL is asked to stop at once: killed, it would leave its shared memory behind.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
read -r _
round=0
while [ $((round += 1)) -le 100 ]; do
    found=
    for named in $(grep -lF -- "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
        pid=${named#/proc/} pid=${pid%/cmdline}
        # Whoever looked is gone by now.
        if [ "$pid" = $$ ] || ! [ -e "$named" ]; then continue; fi
        found=yes signal=KILL
        case $(readlink "/proc/$pid/exe") in
            */postgres) if [ $round -le 50 ]; then signal=QUIT; fi ;;
        esac
        kill -s $signal "$pid"
    done
    [ "$found" ] || break
    sleep 0.05
done
rm -rf "$1"
"#;

impl Watchdog {
    fn start(folder: &Path) -> Watchdog {
        let mut shell = as_user(Path::new("sh"));
        shell.args(["-c", WATCHDOG, "sh"]).arg(folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Watchdog(shell.spawn().expect("a shell"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// An empty folder, of whoever servers run as.
fn folder(prefix: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().expect("a folder").keep();
    if is_root() {
        run(Command::new("chown").arg(USER).arg(&folder));
    }
    folder
}

/// Where PostgreSQL's programs are: Debian keeps them out of the path.
fn postgres_programs() -> PathBuf {
    let mut folders = path();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path()).collect();
        versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
        folders.extend(versions.into_iter().rev().map(|version| version.join("bin")));
    }
    let has_all = |folder: &PathBuf| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).exists());
    folders.into_iter().find(has_all).expect("install PostgreSQL 15 or later (on Debian: apt-get install postgresql)")
}

/// Where this program is; `package` is what Debian calls it.
fn program(name: &str, package: &str) -> PathBuf {
    let mut folders = path();
    folders.push("/usr/sbin".into());
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("install {name} (on Debian: apt-get install {package})"))
}

fn path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// A port that nobody listens on, and that the system gives to nobody who connects to somewhere: a server that was down
/// for a while finds its own still free.
fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU32::new(getrandom::u32().expect("randomness") % COUNT));
    let mut ports = (0..COUNT).map(|_| FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find_map(|port| u16::try_from(port).ok().filter(is_free)).expect("a free port")
}

fn is_root() -> bool {
    static IS_ROOT: OnceLock<bool> = OnceLock::new();
    *IS_ROOT.get_or_init(|| run(Command::new("id").arg("-u")).trim() == "0")
}

/// The program, run as somebody who is not root.
fn as_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

/// A file that is its owner's alone.
fn write_as_user(path: &Path, text: &str) {
    let mut write = as_user(Path::new("sh"));
    write.args(["-c", "umask 077; cat > \"$1\"", "sh"]).arg(path).stdin(Stdio::piped());
    let mut write = write.spawn().expect("a shell");
    write.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("the shell reads");
    assert!(write.wait().expect("a shell").success(), "{} can't be written", path.display());
}

/// A server that goes on by itself and logs to a file; ended by signals to it alone, and by the watchdog.
fn server(mut command: Command, log: &Path) -> Child {
    use std::os::unix::process::CommandExt;
    let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
    let errors = log.try_clone().expect("a log");
    command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a statement as a person at a terminal would; what it printed.
fn psql(bin: &Path, url: &str, sql: &str) -> String {
    run(Command::new(bin.join("psql")).args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql, url]))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asks again and again until there is something; `Err` with what was seen last when there is nothing for too long.
fn until<T>(patience: Duration, mut ask: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match ask() {
            Err(seen) if start.elapsed() > patience => return Err(seen),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
            found => return found,
        }
    }
}
