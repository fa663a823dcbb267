//! How do the tests run the command? As a child that never outlives them, with nothing of the caller's
//! environment that steers it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use hongbao::{ApiKey, AppId, Client};
use tempfile::TempDir;

/// Longer than anything here takes, on however slow a machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A folder whose path is short enough for a socket in a folder of it.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("hb").tempdir().expect("a temporary folder")
}

/// The command, to be run in `folder`.
fn hongbao(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongbao"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for name in ["HONGBAO_PROFILE", "HONGBAO_CONFIG", "HONGBAO_MIGRATE_TO", "RUST_LOG", "RUST_BACKTRACE", "COLUMNS"] {
        command.env_remove(name);
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
    }
    command
}

/// A child that ends, at the latest, when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn wait(&mut self) -> ExitStatus {
        until("the command has ended", || self.0.try_wait().expect("a child that can be waited for"))
    }
}

/// Asks again and again until there is something; fails the test when there is nothing for too long.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "it did not come to this: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What a command that has ended left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command in `folder` to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    finish(hongbao(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// The same, with a file as standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: File) -> Ran {
    finish(hongbao(folder, arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// The same, with a standard output that nobody reads any more.
pub(crate) fn run_unread(folder: &Path, arguments: &[&str]) -> Ran {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    finish(hongbao(folder, arguments).stdout(writer).stderr(Stdio::piped()))
}

/// A command under way, of whose output nobody reads anything.
pub(crate) struct Started(Running);

impl Started {
    pub(crate) fn new(folder: &Path, arguments: &[&str]) -> Started {
        let mut command = hongbao(folder, arguments);
        Started(Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")))
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.0.try_wait().expect("a child that can be waited for").is_some()
    }

    /// Kills it (SIGKILL), and returns when it is gone.
    pub(crate) fn kill(mut self) {
        self.0.0.kill().expect("a child that can be killed");
        self.0.wait();
    }
}

fn finish(command: &mut Command) -> Ran {
    let mut child = Running(command.spawn().expect("the command starts"));
    let stdout = child.0.stdout.take().map(read_to_end);
    let stderr = child.0.stderr.take().map(read_to_end);
    let code = child.wait().code();
    let text = |reader: Option<std::thread::JoinHandle<String>>| {
        reader.map_or_else(String::new, |reader| reader.join().expect("a reader that ends"))
    };
    Ran { code, stdout: text(stdout), stderr: text(stderr) }
}

fn read_to_end(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("text");
        text
    })
}

impl Ran {
    /// The standard output of a command that had to succeed.
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "it failed:\n{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr, "", "it complained");
        self.stdout
    }

    /// Exit code, standard output and standard error, as one text.
    pub(crate) fn transcript(&self) -> String {
        let mut text = match self.code {
            Some(code) => format!("exit {code}\n"),
            None => "ended by a signal\n".to_owned(),
        };
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = write!(text, "--- {name}\n{stream}");
            }
        }
        text
    }
}

/// The value that an output gives after `name` on a line of its own.
pub(crate) fn field(output: &str, name: &str) -> String {
    let mut values = output.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = values.next().unwrap_or_else(|| panic!("there is no {name} in:\n{output}"));
    value.trim().to_owned()
}

/// Every file below `folder` and what it holds.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = std::fs::symlink_metadata(&path).expect("an entry").file_type();
        if kind.is_dir() {
            found.extend(contents(&path));
        } else {
            let content = if kind.is_file() { std::fs::read(&path).expect("a readable file") } else { Vec::new() };
            found.insert(path, content);
        }
    }
    found
}

/// `hongbao dev`, ready.
pub(crate) struct Dev {
    child: Running,
    folder: PathBuf,
    /// What it printed until it was ready.
    pub(crate) banner: String,
}

impl Dev {
    /// Starts it in `folder`, on free ports, and waits until it is ready. Its log goes to a file beside the
    /// folder.
    pub(crate) fn start(folder: &Path) -> Dev {
        let log = folder.with_extension("log");
        let name = folder.to_str().expect("a plain path");
        let ports = ["--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0"];
        let mut command = hongbao(Path::new("/"), &["dev", "--dir", name, ports[0], ports[1], ports[2], ports[3]]);
        let log_file = File::options().create(true).append(true).open(&log).expect("a log");
        let mut child = command.stdout(Stdio::piped()).stderr(log_file).spawn().map(Running).expect("it starts");
        let stdout = child.0.stdout.take().expect("a pipe");
        let (line_sender, lines) = mpsc::channel();
        // It reads on to the end, so that the command never writes to nobody.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = line_sender.send(line);
            }
        });
        let mut banner = String::new();
        loop {
            match lines.recv_timeout(DEADLINE) {
                Ok(line) if line.starts_with("ready") => {
                    return Dev { child, folder: folder.to_owned(), banner };
                }
                Ok(line) => banner.extend([line.as_str(), "\n"]),
                Err(end @ (RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)) => {
                    let log = std::fs::read_to_string(&log).unwrap_or_default();
                    panic!("hongbao dev did not become ready ({end}):\n{banner}{log}");
                }
            }
        }
    }

    /// A file of its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All that it logged, this time and before.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.with_extension("log")).expect("a log")
    }

    /// Runs another command with this platform's profile.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.folder, &[arguments, &["--profile", "profile.toml"]].concat())
    }

    /// The same, which must succeed; its output.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).succeeded()
    }

    /// Where its merchants come in without TLS.
    pub(crate) fn plain_address(&self) -> String {
        let address = self.banner.lines().find_map(|line| line.trim().strip_prefix("http://"));
        address.and_then(|rest| rest.split_whitespace().next()).expect("a plain address").to_owned()
    }

    /// An SDK client in the profile's name, over mTLS.
    pub(crate) fn client(&self) -> Client {
        let profile: toml::Table = self.text("profile.toml").parse().expect("TOML");
        let field = |name: &str| profile["merchant"][name].as_str().expect("a text").to_owned();
        let api_key = ApiKey::try_new(&self.text(&field("api_key_file"))).expect("a key");
        Client::builder(field("mch_id").parse().expect("a merchant number"), api_key)
            .base_url(&field("base_url"))
            .identity_pem(&self.text(&field("certificate_file")), &self.text(&field("private_key_file")))
            .root_ca_pem(&self.text(&field("root_ca_file")))
            .build()
            .expect("a client")
    }

    /// An SDK client in the profile's name, without TLS, to whoever listens at `address`.
    pub(crate) fn plain_client(&self, address: &str) -> Client {
        let api_key = ApiKey::try_new(&self.text("api_key.txt")).expect("a key");
        let merchant = "10000098".parse().expect("a merchant number");
        Client::builder(merchant, api_key).base_url(&format!("http://{address}")).build().expect("a client")
    }

    /// Tells it to stop (SIGTERM).
    pub(crate) fn tell_to_stop(&self) {
        let pid = self.child.0.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().expect("the command kill");
        assert!(status.success(), "there is no process {pid} any more");
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait()
    }

    /// Tells it to stop and waits until it has ended well.
    pub(crate) fn stop(self) {
        self.tell_to_stop();
        let log = self.folder.with_extension("log");
        let status = self.ended();
        assert!(status.success(), "it ended with {status}:\n{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// Kills it (SIGKILL): it gets no time for anything.
    pub(crate) fn kill(mut self) {
        self.child.0.kill().expect("a child that can be killed");
        self.child.wait();
    }
}

/// `hongbao serve --json` in a folder that has its configuration, ready. Its log goes to a file there.
pub(crate) struct Serve {
    _child: Running,
    /// What it said when it was ready.
    pub(crate) ready: serde_json::Value,
}

impl Serve {
    pub(crate) fn start(folder: &Path) -> Serve {
        let mut command = hongbao(folder, &["serve", "--json"]);
        let log = File::options().create(true).append(true).open(folder.join("log.txt")).expect("a log");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().map(Running).expect("it starts");
        let stdout = child.0.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Serve { _child: child, ready }
    }
}

/// The app of every sandbox.
pub(crate) fn app() -> AppId {
    AppId::try_new("wx8888888888888888").expect("an app id")
}
