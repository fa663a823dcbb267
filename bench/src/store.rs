//! The store alone: sends in batches of several sizes, loaded, decided and committed one after another by one
//! thread, beside the disk's own rate of durable appends.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::command::{Command, PutApp, PutMerchant, SendPacket, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{App, Merchant};
use hongbao_engine::limits::Limits;
use hongbao_engine::outcome::{Outcome, SendOutcome};
use hongbao_engine::packet::{BillKey, Family, Product, Texts};
use hongbao_store::clock::{Clock, SystemClock};
use hongbao_store::{Currency, Store, StoreInfo, StoreKind, Writer};
use hongbao_store_sqlite::SqliteStore;
use hongbao_types::{Fen, PacketId};

use crate::disk::{Writes, writes_per_second};
use crate::setup::{AMOUNT_FEN, APP, MERCHANT, bill_no, openid};
use crate::stats::{Figure, percentile};

const SIZES: [usize; 4] = [1, 32, 128, 512];
/// So many packets at most in a round of batches of one: it is the disk that they wait for.
const SINGLES: usize = 2000;

#[derive(Default)]
struct Line {
    size: usize,
    per_second: Figure,
    commits_per_second: Figure,
    cpu_us: Figure,
    p50_ms: Figure,
    p99_ms: Figure,
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(rounds: usize, packets: usize, folder: &Path) -> anyhow::Result<String> {
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    let store = SqliteStore::open_or_create(&folder.join("store.db"), &info, Arc::new(SystemClock))?;
    let mut bench = StoreBench::over(store)?;
    bench.provision().await?;
    let mut lines = SIZES.map(|size| Line { size, ..Line::default() });
    // Block sizes, how they are written, and how fast.
    let mut disk = [
        (4096, Writes::AtTheEnd, Figure::default()),
        (4096, Writes::Over, Figure::default()),
        (65_536, Writes::AtTheEnd, Figure::default()),
        (65_536, Writes::Over, Figure::default()),
    ];
    for round in 0..=rounds {
        for (bytes, how, figure) in &mut disk {
            let rate = writes_per_second(folder, *bytes, *how, Duration::from_millis(500))?;
            if round > 0 {
                figure.add(rate);
            }
        }
        for line in &mut lines {
            let count = if line.size == 1 { packets.min(SINGLES) } else { packets };
            let cpu = thread_cpu_seconds()?;
            let start = Instant::now();
            let mut latencies = bench.send(count, line.size).await?;
            let time = start.elapsed().as_secs_f64();
            let cpu = thread_cpu_seconds()? - cpu;
            if round > 0 {
                latencies.sort_unstable();
                line.per_second.add(count as f64 / time);
                line.commits_per_second.add(latencies.len() as f64 / time);
                line.cpu_us.add(cpu * 1e6 / count as f64);
                line.p50_ms.add(percentile(&latencies, 0.50) / 1000.0);
                line.p99_ms.add(percentile(&latencies, 0.99) / 1000.0);
            }
        }
    }
    let report = bench.store.audit().await?;
    ensure!(report.is_clean(), "the books do not balance: {:?}", report.differences);

    let mut out = format!(
        "The SQLite store alone: one thread, {packets} packets a round, {rounds} rounds; a fresh store, ascending bill\n\
         numbers, a person of his own for each packet\n\n"
    );
    writeln!(
        out,
        "{:8} {:>26} {:>24} {:>18} {:>18} {:>18}",
        "batch", "packets/s", "commits/s", "CPU µs/packet", "p50 ms/batch", "p99 ms/batch"
    )?;
    for line in &lines {
        writeln!(
            out,
            "{:<8} {:>26} {:>24} {:>18} {:>18} {:>18}",
            line.size, line.per_second, line.commits_per_second, line.cpu_us, line.p50_ms, line.p99_ms
        )?;
    }
    writeln!(out, "\nThe disk alone, each write with fdatasync:")?;
    for (bytes, how, figure) in &disk {
        let how = if *how == Writes::Over { "over a file that is there" } else { "at the end of a file" };
        writeln!(out, "{figure:>26} writes/s of {:>2} KiB {how}", bytes / 1024)?;
    }
    let best = disk[1].2.median();
    let ratios: Vec<_> = lines
        .iter()
        .map(|line| {
            let (commits, packets) = (line.commits_per_second.median() / best, line.per_second.median() / best);
            format!("batches of {}: {commits:.2} commits and {packets:.1} packets", line.size)
        })
        .collect();
    writeln!(out, "For each write of 4 KiB that the disk could do: {}", ratios.join("; "))?;
    Ok(out)
}

pub(crate) struct StoreBench<S: Store> {
    pub(crate) store: S,
    writer: S::Writer,
    policy: Policy,
    sent: u64,
}

impl<S: Store> StoreBench<S> {
    pub(crate) fn over(store: S) -> anyhow::Result<StoreBench<S>> {
        let writer = store.writer()?;
        let day = 86_400_000;
        let policy = Policy { is_sandbox: true, expires_after_ms: day, fails_after_ms: day, ..Policy::default() };
        Ok(StoreBench { store, writer, policy, sent: 0 })
    }

    pub(crate) async fn provision(&mut self) -> anyhow::Result<()> {
        let much = Fen::try_new(1_000_000_000_000)?;
        let none = Limits::NO_COUNT;
        let limits =
            Limits { packets_per_second: none, packets_per_minute: none, amount_per_day: much, ..Limits::default() };
        let merchant = Merchant { limits, ..Merchant::new(MERCHANT.parse()?, "天虹百货") };
        let put = PutMerchant { merchant, instead_of: None };
        let app = App { merchants: vec![MERCHANT.parse()?], ..App::new(APP.parse()?) };
        let top_up = TopUp { reference: "bench".parse()?, merchant: MERCHANT.parse()?, amount: much };
        let commands =
            vec![Command::PutMerchant(Box::new(put)), Command::PutApp(Box::new(PutApp { app, instead_of: None }))];
        self.carry(commands).await?;
        self.carry(vec![Command::TopUp(top_up)]).await?;
        Ok(())
    }

    /// Sends `count` packets in batches of `size`; the microseconds of each batch.
    pub(crate) async fn send(&mut self, count: usize, size: usize) -> anyhow::Result<Vec<u32>> {
        let mut latencies = Vec::new();
        let mut left = count;
        while left > 0 {
            let commands = (0..size.min(left)).map(|_| self.next()).collect::<anyhow::Result<Vec<_>>>()?;
            left -= commands.len();
            let start = Instant::now();
            for answer in self.carry(commands).await? {
                ensure!(
                    matches!(answer, Answer::Decided(Outcome::Send(SendOutcome::Accepted(_)))),
                    "a send did not succeed: {answer:?}"
                );
            }
            latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        Ok(latencies)
    }

    fn next(&mut self) -> anyhow::Result<Command> {
        self.sent += 1;
        Ok(Command::SendPacket(Box::new(send(self.sent)?)))
    }

    async fn carry(&mut self, commands: Vec<Command>) -> anyhow::Result<Vec<Answer>> {
        let mut batch = Batch::new(commands.into_iter().map(|command| ((), command)).collect());
        let Some(keys) = batch.keys() else { return Ok(Vec::new()) };
        let loaded = self.writer.load(&keys).await?;
        let changes = batch.decide(loaded.rows, loaded.now, &self.policy).expect("the books balance");
        self.writer.commit(&changes).await?;
        Ok(batch.settle(Attempt::Committed).into_iter().map(|((), answer)| answer).collect())
    }
}

/// A packet for somebody who never got one.
pub(crate) fn send(number: u64) -> anyhow::Result<SendPacket> {
    let bill = BillKey { merchant: MERCHANT.parse()?, family: Family::Packets, bill_no: bill_no(number).parse()? };
    Ok(SendPacket {
        packet_id: packet_id(&bill, number)?,
        bill,
        product: Product::Ordinary,
        payer: MERCHANT.parse()?,
        on_behalf_of: None,
        app: APP.parse()?,
        recipient: Some(openid(number).parse()?),
        total: Fen::try_new(AMOUNT_FEN)?,
        share_count: 1,
        texts: Texts {
            sender_name: "天虹百货".to_owned(),
            greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
            activity: "猜灯谜抢红包活动".to_owned(),
            remark: "猜越多得越多，快来抢！".to_owned(),
            scene: Some("PRODUCT_2".to_owned()),
            ..Texts::default()
        },
        pre_order: None,
    })
}

/// An id as the platform makes them: date, shard of the bill number, time, process, counter.
fn packet_id(bill: &BillKey, number: u64) -> anyhow::Result<PacketId> {
    let ms = SystemClock.now().as_millis().rem_euclid(86_400_000);
    Ok(PacketId::try_new(&format!("100020141111{ms:08}{:08}{:03}", number % 100_000_000, bill.shard()))?)
}

/// Processor time of this thread so far: the first field of its `schedstat`, in nanoseconds.
fn thread_cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: u64 = stat.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(nanoseconds as f64 / 1e9)
}
