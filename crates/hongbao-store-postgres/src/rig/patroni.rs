//! A cluster that fails over: three etcd, three PostgreSQL, and before each of these a Patroni, which keeps one of them
//! the primary and another its synchronous standby.
//!
//! The settings are those of a platform: a commit is acknowledged when a standby has it, or not at all
//! (`synchronous_mode_strict`). After a lost primary nothing is written until its lease is over (`TTL`), a standby was
//! promoted, and the other one follows it: 10 to 15 seconds.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    PASSWORD, Watchdog, as_user, folder, free_port, postgres_programs, program, psql, run, server, until, write_as_user,
};

const COUNT: usize = 3;
/// Seconds that the primary's lease lasts, between two looks at it, and that etcd may take to answer.
const TTL: u32 = 10;
const LOOP_WAIT: u32 = 2;
const RETRY_TIMEOUT: u32 = 3;
/// How long anything may take here, on however slow a machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// How long a node that says it can't start may say so before it is made anew.
const START_PATIENCE: Duration = Duration::from_secs(15);
/// What PostgreSQL says for ever on a node that crashed twice: it had been rewound, and the primary that it was to catch
/// up with crashed before it had.
const BEYOND_REPAIR: &str = "does not contain minimum recovery point";

/// A running cluster of three.
#[derive(Debug)]
pub struct Patroni {
    bin: PathBuf,
    nodes: [Node; COUNT],
    /// The watchdog ends them.
    etcd: Mutex<Vec<Child>>,
    _watchdog: Watchdog,
}

#[derive(Debug)]
struct Node {
    name: String,
    folder: PathBuf,
    postgres: u16,
    rest: u16,
    etcd: u16,
    etcd_peer: u16,
    patroni: Mutex<Option<Child>>,
}

impl Patroni {
    /// Starts one, with an empty database for the platform, and returns when it is ready.
    pub fn start() -> Patroni {
        let bin = postgres_programs();
        let (etcd, patroni) = (program("etcd", "etcd-server"), program("patroni", "patroni"));
        let folder = folder("hongbao-patroni-");
        let nodes = std::array::from_fn(|at| Node {
            name: format!("n{}", at + 1),
            folder: folder.join(format!("n{}", at + 1)),
            postgres: free_port(),
            rest: free_port(),
            etcd: free_port(),
            etcd_peer: free_port(),
            patroni: Mutex::default(),
        });
        let cluster = Patroni { bin, nodes, etcd: Mutex::default(), _watchdog: Watchdog::start(&folder) };
        for node in &cluster.nodes {
            run(as_user(Path::new("mkdir")).args(["-m", "700"]).arg(&node.folder));
            write_as_user(&node.folder.join("patroni.json"), &cluster.settings(node).to_string());
            let member = cluster.start_etcd(node, &etcd);
            cluster.etcd.lock().unwrap_or_else(PoisonError::into_inner).push(member);
        }
        for node in &cluster.nodes {
            node.start_patroni(&patroni);
        }
        cluster.wait_ready();
        let primary = &cluster.nodes[cluster.primary().expect("a primary")];
        let sql = |sql: &str| psql(&cluster.bin, &primary.admin_url(), sql);
        sql(&format!("CREATE ROLE hongbao LOGIN PASSWORD '{PASSWORD}'"));
        sql("CREATE DATABASE hongbao OWNER hongbao");
        cluster
    }

    /// The URL of the platform's database: whichever of the three is the primary.
    pub fn url(&self) -> String {
        let hosts = self.nodes.each_ref().map(|node| format!("127.0.0.1:{}", node.postgres)).join(",");
        format!("postgres://hongbao:{PASSWORD}@{hosts}/hongbao?target_session_attrs=read-write&sslmode=disable")
    }

    /// Runs a statement on the primary, in the platform's database, as a person at a terminal would; what it printed.
    pub fn sql(&self, sql: &str) -> String {
        psql(&self.bin, &self.url(), sql)
    }

    /// Which node is the primary and has the lease, as it says itself.
    pub fn primary(&self) -> Option<usize> {
        self.nodes.iter().position(|node| node.get("/primary").is_ok_and(|(status, _)| status == 200))
    }

    /// Kills the primary (SIGKILL): its Patroni, and every process of its PostgreSQL. Which node it was.
    pub fn kill_primary(&self) -> usize {
        let at = until(PATIENCE, || self.primary().ok_or_else(|| "there is no primary".to_owned()));
        let at = at.unwrap_or_else(|seen| panic!("{seen}"));
        self.kill(at);
        at
    }

    /// Kills a node as [`Patroni::kill_primary`] does, frozen or not.
    pub fn kill(&self, node: usize) {
        let node = &self.nodes[node];
        let postgres = node.postgres_processes();
        assert!(!postgres.is_empty(), "{} has no PostgreSQL", node.name);
        // Patroni first, so that nobody starts PostgreSQL again; the postmaster next, so that it forks no more.
        let mut patroni = node.patroni.lock().unwrap_or_else(PoisonError::into_inner).take().expect("a Patroni");
        patroni.kill().expect("a child that can be killed");
        signal("KILL", &postgres);
        patroni.wait().expect("a child that can be waited for");
    }

    /// Starts a node again that was killed.
    pub fn start_again(&self, node: usize) {
        self.nodes[node].start_patroni(&program("patroni", "patroni"));
    }

    /// Freezes a node's Patroni (SIGSTOP): it loses its lease, and its PostgreSQL goes on as if it knew of nothing. It is
    /// not to be thawed but killed: before 3.0.3 a Patroni that goes on takes the lease from whoever has it by then, and
    /// what the new primary acknowledged is lost.
    pub fn freeze(&self, node: usize) {
        signal("STOP", &[self.nodes[node].patroni_pid()]);
    }

    /// Waits until one node is the primary, another its synchronous standby, and all are on one timeline. A node that
    /// can't get there by itself is made anew.
    pub fn wait_ready(&self) {
        let start = Instant::now();
        loop {
            let Err(seen) = until(START_PATIENCE, || self.is_ready()) else { return };
            if let Some(node) = self.nodes.iter().find(|node| node.is_stuck()) {
                println!("{} can't catch up any more: it is made anew", node.name);
                let said = node.request("POST", "/reinitialize", r#"{"force": true}"#);
                assert!(matches!(said, Ok((200 | 503, _))), "{}: {said:?}", node.name);
            }
            if start.elapsed() > PATIENCE {
                let logs = self.nodes.each_ref().map(|node| format!("== {}\n{}", node.name, node.last_words()));
                panic!("the cluster does not become ready: {seen}\n{}", logs.join("\n"));
            }
        }
    }

    fn is_ready(&self) -> Result<(), String> {
        let found = self.nodes.iter().find_map(|node| node.get("/cluster").ok());
        let (_, body) = found.ok_or("no Patroni answers")?;
        let cluster: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let members = cluster["members"].as_array().map_or(&[][..], Vec::as_slice);
        let count = |role: &str| {
            let runs = |member: &&Value| ["running", "streaming"].iter().any(|state| member["state"] == *state);
            members.iter().filter(runs).filter(|member| member["role"] == role).count()
        };
        let timelines: BTreeSet<_> = members.iter().map(|member| member["timeline"].to_string()).collect();
        let roles = ["leader", "sync_standby", "replica"].map(count);
        // What Patroni says of a primary may be a lease old.
        let is_ready = roles == [1, 1, 1] && timelines.len() == 1 && self.primary().is_some();
        if is_ready { Ok(()) } else { Err(body) }
    }

    fn start_etcd(&self, node: &Node, program: &Path) -> Child {
        let all: Vec<String> =
            self.nodes.iter().map(|node| format!("{}={}", node.name, http(node.etcd_peer))).collect();
        let mut command = as_user(program);
        command.arg("--name").arg(&node.name).arg("--data-dir").arg(node.folder.join("etcd"));
        for (option, port) in [
            ("--listen-client-urls", node.etcd),
            ("--advertise-client-urls", node.etcd),
            ("--listen-peer-urls", node.etcd_peer),
            ("--initial-advertise-peer-urls", node.etcd_peer),
        ] {
            command.arg(option).arg(http(port));
        }
        command.arg("--initial-cluster").arg(all.join(",")).args(["--initial-cluster-state", "new"]);
        command.args(["--logger", "zap", "--log-level", "warn"]);
        server(command, &node.folder.join("etcd.txt"))
    }

    /// A node's configuration; JSON is YAML.
    fn settings(&self, node: &Node) -> Value {
        let (rest, postgres) = (format!("127.0.0.1:{}", node.rest), format!("127.0.0.1:{}", node.postgres));
        let user = |name: &str| json!({ "username": name, "password": PASSWORD });
        json!({
            "scope": "hongbao",
            "name": node.name,
            "restapi": { "listen": rest, "connect_address": rest },
            "etcd3": { "hosts": self.nodes.each_ref().map(|node| format!("127.0.0.1:{}", node.etcd)) },
            "bootstrap": {
                "dcs": {
                    "ttl": TTL,
                    "loop_wait": LOOP_WAIT,
                    "retry_timeout": RETRY_TIMEOUT,
                    "synchronous_mode": true,
                    "synchronous_mode_strict": true,
                    "synchronous_node_count": 1,
                    // A primary that crashed is replaced, not waited for.
                    "master_start_timeout": 0,
                    "postgresql": {
                        "use_pg_rewind": true,
                        "use_slots": true,
                        "parameters": {
                            "max_connections": 100,
                            "shared_buffers": "64MB",
                            "wal_keep_size": "256MB",
                            "wal_log_hints": "on",
                            // Nothing is acknowledged by the new primary before the other standby has found it.
                            "wal_retrieve_retry_interval": "500ms",
                        },
                    },
                },
                "initdb": [{ "encoding": "UTF8" }, { "locale": "C" }, "data-checksums"],
            },
            "postgresql": {
                "listen": postgres,
                "connect_address": postgres,
                "data_dir": node.data(),
                "bin_dir": self.bin,
                "pgpass": node.folder.join("pgpass"),
                "authentication": {
                    "superuser": user("postgres"), "replication": user("replicator"), "rewind": user("rewinder"),
                },
                "parameters": { "unix_socket_directories": "" },
                "pg_hba": ["host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"],
            },
        })
    }
}

impl Node {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    fn start_patroni(&self, program: &Path) {
        let mut patroni = self.patroni.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(patroni.is_none(), "{} is running", self.name);
        // What is looked for in the log is what it says from now on.
        let _ = std::fs::remove_file(self.log());
        let mut command = as_user(program);
        command.arg(self.folder.join("patroni.json")).env("HOME", &self.folder);
        *patroni = Some(server(command, &self.log()));
    }

    fn patroni_pid(&self) -> u32 {
        self.patroni.lock().unwrap_or_else(PoisonError::into_inner).as_ref().expect("a Patroni").id()
    }

    fn admin_url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres?sslmode=disable", self.postgres)
    }

    /// The postmaster, then what it forked.
    fn postgres_processes(&self) -> Vec<u32> {
        let file = self.data().join("postmaster.pid");
        let read = run(as_user(Path::new("head")).args(["-n", "1"]).arg(file));
        let Ok(postmaster) = read.trim().parse() else { return Vec::new() };
        let parent_is = |pid: &u32| {
            // "pid (name) state parent …"
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
            parent == Some(postmaster)
        };
        let all = std::fs::read_dir("/proc").expect("processes").flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        std::iter::once(postmaster).chain(pids.filter(parent_is)).collect()
    }

    /// Whether its PostgreSQL can't ever start as it is.
    fn is_stuck(&self) -> bool {
        std::fs::read_to_string(self.log()).is_ok_and(|log| log.contains(BEYOND_REPAIR))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        self.request("GET", path, "")
    }

    /// Asks its Patroni; the status, and what it says.
    fn request(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        let patience = Duration::from_secs(3);
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], self.rest)), patience)?;
        stream.set_read_timeout(Some(patience))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body.to_owned()))
    }
}

fn http(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn signal(name: &str, pids: &[u32]) {
    // One that is gone by now is no matter.
    let _ = Command::new("kill").arg("-s").arg(name).args(pids.iter().map(u32::to_string)).output();
}
