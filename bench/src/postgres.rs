//! On PostgreSQL: one packet that everybody wants, and one merchant who sends all the time, on one node and on several,
//! beside a server that makes a transaction of its own for each call; then the same without HTTP. The processor time of
//! nodes and of the database is told apart.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{OpenOptions, PostgresStore, rig};
use hongbao_types::ApiKey;
use tokio::runtime::Builder;

use crate::claims::{Crowd, FIRST, SHARES};
use crate::client::{self, Way};
use crate::measured::{Kind, Line, Measured, Stat, lines_table};
use crate::peers::Plain;
use crate::sends::SUCCESS;
use crate::setup::{Certificates, KEY, body};
use crate::stats::{Figure, percentile};
use crate::store::{self, StoreBench};

/// Who wants the packet at once.
const GRABBERS: usize = 64;
/// A round of the plain transactions takes as long as these do.
const PLAIN_CLAIMS: u64 = 2000;
const PLAIN_SENDS: u64 = 4000;
/// Over how many connections: as few as serve plain transactions best here, for behind them the lock's queue is short; and
/// one for each who wants the packet, as a service has that does not think of it.
const PLAIN: [usize; 2] = [16, GRABBERS];
const NODES: [usize; 3] = [1, 2, 3];

/// A database server as one would run it: nothing is less durable than usual, and no checkpoint falls into a round.
const SETTINGS: [&str; 6] = [
    "shared_buffers = '1GB'",
    "max_wal_size = '8GB'",
    "min_wal_size = '4GB'",
    "checkpoint_timeout = '30min'",
    "wal_compression = on",
    "log_lock_waits = off",
];

struct Database {
    cluster: rig::Cluster,
    postmaster: u32,
}

impl Database {
    fn start() -> anyhow::Result<Database> {
        let cluster = rig::Cluster::start();
        for setting in SETTINGS {
            cluster.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
        }
        cluster.stop_at_once();
        cluster.run_again();
        // As on one that has been running for a while, files of the log are used again and not made.
        let log =
            "SELECT count(pg_logical_emit_message(false, '', repeat('x', 1000000))) FROM generate_series(1, 3000)";
        cluster.sql("postgres", log);
        cluster.sql("postgres", "CHECKPOINT");
        let folder = cluster.sql("postgres", "SHOW data_directory");
        let file = std::fs::read_to_string(Path::new(folder.trim()).join("postmaster.pid"))?;
        let postmaster = file.lines().next().context("a process")?.parse()?;
        Ok(Database { cluster, postmaster })
    }

    /// Processor time of all its processes so far.
    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let own = Stat::of(self.postmaster)?;
        let mut seconds = own.own_seconds + own.ended_seconds;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that has ended meanwhile is its parent's by now, or will be.
            if let Ok(stat) = Stat::of(pid)
                && stat.parent == self.postmaster
            {
                seconds += stat.own_seconds;
            }
        }
        Ok(seconds)
    }
}

/// Nodes that answer together.
struct Fleet {
    nodes: Vec<Measured>,
}

impl Fleet {
    async fn start(folder: &Path, kinds: Vec<Kind>, certificates: &Certificates) -> anyhow::Result<Fleet> {
        let mut nodes = Vec::new();
        for kind in &kinds {
            nodes.push(Measured::start(folder, kind, certificates).await?);
        }
        Ok(Fleet { nodes })
    }

    async fn stop(self) -> anyhow::Result<()> {
        for node in self.nodes {
            node.stop().await?;
        }
        Ok(())
    }
}

/// Sends each list over a connection of its own, to one node after another.
async fn run_on(
    database: &Database,
    nodes: &[Measured],
    lists: Vec<Vec<Vec<u8>>>,
    expected: &'static str,
    line: &mut Line,
    is_counted: bool,
) -> anyhow::Result<()> {
    let mut streams = Vec::new();
    for at in 0..lists.len() {
        let address = nodes[at % nodes.len()].ready.plain;
        streams.extend(client::connect(&Way { address, tls: None }, 1).await?);
    }
    let cpu = || -> anyhow::Result<(f64, f64)> {
        let servers = nodes.iter().map(Measured::cpu_seconds).sum::<anyhow::Result<f64>>()?;
        Ok((servers, database.cpu_seconds()?))
    };
    let before = cpu()?;
    let done = client::run(streams, lists, expected).await.with_context(|| line.name.clone())?;
    let after = cpu()?;
    if is_counted {
        line.add(&done, after.0 - before.0);
        line.database_us.add((after.1 - before.1) * 1e6 / done.latencies.len() as f64);
    }
    Ok(())
}

#[tokio::main]
pub(crate) async fn run(rounds: usize, connections: usize, folder: &Path) -> anyhow::Result<String> {
    let database = Database::start()?;
    let certificates = Certificates::generate()?;
    let url = database.cluster.database();
    let of = |at| Kind::Postgres { url: url.clone(), is_first: at == 0 };
    let hongbao = Fleet::start(folder, (0..3).map(of).collect(), &certificates).await?;
    let of = |connections| Kind::Plain { url: database.cluster.database(), connections };
    let plain = Fleet::start(folder, PLAIN.map(of).into(), &certificates).await?;

    let mut names: Vec<String> = PLAIN.iter().map(|connections| format!("plain, {connections} connections")).collect();
    names.extend(NODES.map(|nodes| format!("hongbao, {nodes} node{}", if nodes == 1 { "" } else { "s" })));
    let mut claims: Vec<Line> = names.iter().cloned().map(Line::new).collect();
    let mut sends: Vec<Line> = names.into_iter().map(Line::new).collect();
    let mut ratios = [(); 2].map(|()| PLAIN.map(|_| NODES.map(|_| Figure::default())));
    let mut numbers = 0;
    for round in 0..=rounds as u64 {
        let is_counted = round > 0;
        for (at, line) in claims.iter_mut().enumerate() {
            let (nodes, places) = fleet(&plain, &hongbao, at, PLAIN_CLAIMS, SHARES);
            // A packet of its own each time.
            let number = round * 5 + at as u64;
            let people = Crowd::new(&certificates.app_key, number)?;
            let (packet, link) = people.first(&nodes[0], number).await?;
            let mut lists = vec![Vec::new(); GRABBERS];
            for place in FIRST + 1..places {
                let assertion = people.assertion(&packet, place)?;
                lists[place as usize % GRABBERS].push(client::claim(&packet, &assertion, Some(&link)));
            }
            run_on(&database, nodes, lists, "\"amount_fen\":", line, is_counted).await?;
        }
        for (at, line) in sends.iter_mut().enumerate() {
            let (nodes, count) = fleet(&plain, &hongbao, at, PLAIN_SENDS, 60_000);
            let key = ApiKey::try_new(KEY)?;
            let mut lists = vec![Vec::new(); connections];
            for i in 0..count as usize {
                numbers += 1;
                lists[i % connections].push(client::send(&body(numbers, &key)));
            }
            run_on(&database, nodes, lists, SUCCESS, line, is_counted).await?;
        }
        if is_counted {
            for (lines, ratios) in [&claims, &sends].into_iter().zip(&mut ratios) {
                let (plain, hongbao) = lines.split_at(PLAIN.len());
                for (plain, ratios) in plain.iter().zip(ratios) {
                    for (line, ratio) in hongbao.iter().zip(ratios) {
                        ratio.add(line.latest / plain.latest);
                    }
                }
            }
        }
    }
    hongbao.nodes[0].audit().await?;
    hongbao.stop().await?;
    plain.stop().await?;

    let mut out = format!(
        "PostgreSQL, one packet of {SHARES} shares: {GRABBERS} who want it, connections kept alive, without TLS, {rounds}\n\
         rounds; nodes, database and client on the same cores\n\n"
    );
    out += &lines_table("claim", &claims);
    out += &ratio_lines(&ratios[0]);
    writeln!(out, "\nPostgreSQL, one merchant who sends: {connections} connections, {rounds} rounds\n")?;
    out += &lines_table("send", &sends);
    out += &ratio_lines(&ratios[1]);
    Ok(out)
}

/// The nodes of a line, and how much is asked of them.
fn fleet<'a>(plain: &'a Fleet, hongbao: &'a Fleet, line: usize, few: u64, many: u64) -> (&'a [Measured], u64) {
    match line.checked_sub(PLAIN.len()) {
        None => (&plain.nodes[line..=line], few),
        Some(at) => (&hongbao.nodes[..NODES[at]], many),
    }
}

fn ratio_lines(ratios: &[[Figure; 3]; 2]) -> String {
    let mut out = String::new();
    for (connections, ratios) in PLAIN.iter().zip(ratios) {
        let each: Vec<_> = NODES.iter().zip(ratios).map(|(nodes, ratio)| format!("{nodes}: {ratio}")).collect();
        let _ = writeln!(out, "times plain, {connections} connections, by nodes, round by round: {}", each.join("; "));
    }
    out
}

const SIZES: [usize; 4] = [1, 32, 128, 512];

/// One merchant, without HTTP: batches one after another on one connection, beside plain transactions on as many as serve
/// them best.
pub(crate) fn store_alone(rounds: usize) -> anyhow::Result<String> {
    let database = Database::start()?;
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    // A lane's thread has a runtime of its own.
    let lane = Builder::new_current_thread().enable_all().build()?;
    let mut bench = lane.block_on(async {
        let store = PostgresStore::open_or_create(&database.cluster.database(), &info, OpenOptions::default()).await?;
        let mut bench = StoreBench::over(store)?;
        bench.provision().await?;
        anyhow::Ok(bench)
    })?;
    let service = Builder::new_multi_thread().enable_all().build()?;
    let plain = service.block_on(Plain::create(&database.cluster.database(), PLAIN[0]))?;
    let mut sent = 0;
    let mut lines = SIZES.map(|_| [(); 4].map(|()| Figure::default()));
    let (mut plain_rate, mut plain_us) = (Figure::default(), Figure::default());
    let mut ratios = SIZES.map(|_| Figure::default());
    for round in 0..=rounds {
        let (start, cpu) = (Instant::now(), database.cpu_seconds()?);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..PLAIN[0] {
            let (plain, first) = (plain.clone(), sent);
            sent += PLAIN_SENDS / PLAIN[0] as u64;
            let numbers = first..sent;
            let sending = async move {
                for number in numbers {
                    plain.send(&store::send(number)?).await?;
                }
                anyhow::Ok(())
            };
            tasks.spawn_on(sending, service.handle());
        }
        for done in service.block_on(tasks.join_all()) {
            done?;
        }
        let rate = PLAIN_SENDS as f64 / start.elapsed().as_secs_f64();
        if round > 0 {
            plain_rate.add(rate);
            plain_us.add((database.cpu_seconds()? - cpu) * 1e6 / PLAIN_SENDS as f64);
        }
        for ((size, figures), ratio) in SIZES.into_iter().zip(&mut lines).zip(&mut ratios) {
            let count = if size == 1 { 1000 } else { 20_000 };
            let (start, cpu) = (Instant::now(), database.cpu_seconds()?);
            let mut latencies = lane.block_on(bench.send(count, size))?;
            let time = start.elapsed().as_secs_f64();
            if round > 0 {
                latencies.sort_unstable();
                figures[0].add(count as f64 / time);
                figures[1].add((database.cpu_seconds()? - cpu) * 1e6 / count as f64);
                figures[2].add(percentile(&latencies, 0.50) / 1000.0);
                figures[3].add(percentile(&latencies, 0.99) / 1000.0);
                ratio.add(count as f64 / time / rate);
            }
        }
    }
    let report = lane.block_on(bench.store.audit())?;
    ensure!(report.is_clean(), "the books do not balance: {:?}", report.differences);
    let mut out = format!(
        "The PostgreSQL store alone, one merchant: batches on one connection, beside plain transactions of eight statements\n\
         on {}\n\n{:12} {:>26} {:>26} {:>18} {:>18} {:>22}\n",
        PLAIN[0],
        "batch",
        "packets/s",
        "database CPU µs/packet",
        "p50 ms/batch",
        "p99 ms/batch",
        "times the plain rate"
    );
    writeln!(out, "{:12} {plain_rate:>26} {plain_us:>26}", "plain")?;
    for ((size, [rate, us, p50, p99]), ratio) in SIZES.into_iter().zip(&lines).zip(&ratios) {
        writeln!(out, "{size:<12} {rate:>26} {us:>26} {p50:>18} {p99:>18} {ratio:>22}")?;
    }
    Ok(out)
}
