//! Sends over HTTP: durable ones beside a null server, without TLS and over mTLS.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use hongbao_types::ApiKey;

use crate::client::{self, Way};
use crate::measured::{Kind, Line, Load, Measured, lines_table};
use crate::setup::{Certificates, KEY, body};
use crate::stats::Figure;

/// What a send that succeeded is answered.
pub(crate) const SUCCESS: &str = "<result_code><![CDATA[SUCCESS]]></result_code>";

#[tokio::main]
pub(crate) async fn run(load: &Load, folder: &Path) -> anyhow::Result<String> {
    let certificates = Certificates::generate()?;
    let (null, durable) = (
        Measured::start(folder, &Kind::Null, &certificates).await?,
        Measured::start(folder, &Kind::Sqlite, &certificates).await?,
    );
    let tls = client::mtls(&certificates)?;
    let ways = [
        Way { address: null.ready.plain, tls: None },
        Way { address: durable.ready.plain, tls: None },
        Way { address: null.ready.tls, tls: Some(tls.clone()) },
        Way { address: durable.ready.tls, tls: Some(tls) },
    ];
    let mut lines = ["null, keep-alive", "durable, keep-alive", "null, mTLS", "durable, mTLS"].map(Line::new);
    let mut numbers = 0;
    let (mut plain, mut mtls) = (Figure::default(), Figure::default());
    for round in 0..=load.rounds {
        for ((line, way), server) in lines.iter_mut().zip(&ways).zip([&null, &durable, &null, &durable]) {
            let requests = requests(load, &mut numbers)?;
            let streams = client::connect(way, load.connections).await.with_context(|| line.name.clone())?;
            let (done, cpu) = server.run(streams, requests, SUCCESS).await.with_context(|| line.name.clone())?;
            // The first round only warms up.
            if round > 0 {
                line.add(&done, cpu);
            }
        }
        if round > 0 {
            plain.add(lines[1].latest / lines[0].latest);
            mtls.add(lines[3].latest / lines[2].latest);
        }
    }
    null.stop().await?;
    durable.audit().await?;
    durable.stop().await?;
    table(load, &lines, [plain, mtls])
}

fn requests(load: &Load, numbers: &mut u64) -> anyhow::Result<Vec<Vec<Vec<u8>>>> {
    let key = ApiKey::try_new(KEY)?;
    let mut lists = vec![Vec::new(); load.connections];
    for i in 0..load.requests {
        *numbers += 1;
        // Numbers are drawn as a merchant's workers draw them: one after another, whoever is next.
        lists[i % load.connections].push(client::send(&body(*numbers, &key)));
    }
    Ok(lists)
}

fn table(load: &Load, lines: &[Line], ratios: [Figure; 2]) -> anyhow::Result<String> {
    let mut out = format!(
        "Sends over HTTP: {} connections, {} requests a round, {} rounds; a fresh store, ascending bill numbers, a person\n\
         of his own for each packet; the client on the same cores\n\n",
        load.connections, load.requests, load.rounds
    );
    out += &lines_table("send", lines);
    for (pair, ratio) in lines.chunks(2).zip(ratios) {
        let [null, durable] = pair else { continue };
        let cpu = null.server_us.median() / durable.server_us.median();
        writeln!(
            out,
            "{}: {ratio} of the null server's rate, round by round; by server CPU alone {cpu:.2}",
            durable.name
        )?;
    }
    Ok(out)
}
