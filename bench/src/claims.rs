//! One packet that everybody wants: claims of its ten thousand shares, and the answers to those who come when it is
//! empty, beside a null server, which judges assertion and link and does nothing else.

use std::path::Path;

use anyhow::Context;
use hongbao_types::ApiKey;
use hongbao_wire::endpoint::SENDGROUPREDPACK;
use hongbao_wire::{Params, SignType, decode_reply, encode, sign};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::{self, Way};
use crate::measured::{Kind, Line, Measured, lines_table};
use crate::setup::{APP, Certificates, KEY, MERCHANT, bill_no, openid};

/// As many as a packet may have.
pub(crate) const SHARES: u64 = 10_000;
/// Who opens the first.
pub(crate) const FIRST: u64 = 0;

#[tokio::main]
pub(crate) async fn run(rounds: usize, connections: usize, folder: &Path) -> anyhow::Result<String> {
    let certificates = Certificates::generate()?;
    let null = Measured::start(folder, &Kind::Null, &certificates).await?;
    let durable = Measured::start(folder, &Kind::Sqlite, &certificates).await?;
    let mut lines = ["null", "claims", "already empty"].map(Line::new);
    for round in 0..=rounds as u64 {
        let people = Crowd::new(&certificates.app_key, round)?;
        for (server, line) in [(&null, 0), (&durable, 1), (&durable, 2)] {
            // The same packet is empty by then.
            let (packet, link) = people.first(server, round).await?;
            let (places, expected) = match line {
                2 => (SHARES..2 * SHARES, "\"code\":\"exhausted\""),
                _ => (FIRST + 1..SHARES, "\"amount_fen\":"),
            };
            let mut lists = vec![Vec::new(); connections];
            for place in places {
                let assertion = people.assertion(&packet, place)?;
                lists[place as usize % connections].push(client::claim(&packet, &assertion, Some(&link)));
            }
            let streams = client::connect(&Way { address: server.ready.plain, tls: None }, connections).await?;
            let (done, cpu) = server.run(streams, lists, expected).await.with_context(|| lines[line].name.clone())?;
            // The first round only warms up.
            if round > 0 {
                lines[line].add(&done, cpu);
            }
        }
    }
    null.stop().await?;
    durable.audit().await?;
    durable.stop().await?;
    let head = format!(
        "One packet of {SHARES} shares: {connections} connections without TLS, each person once, {rounds} rounds; the\n\
         client on the same cores\n\n"
    );
    Ok(head + &lines_table("claim", &lines))
}

/// Those who come in a round.
pub(crate) struct Crowd {
    key: EncodingKey,
    now: i64,
    round: u64,
}

impl Crowd {
    pub(crate) fn new(app_key: &str, round: u64) -> anyhow::Result<Crowd> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs().try_into()?;
        Ok(Crowd { key: EncodingKey::from_ed_pem(app_key.as_bytes())?, now, round })
    }

    fn openid(&self, place: u64) -> String {
        openid(self.round * 2 * SHARES + place)
    }

    pub(crate) fn assertion(&self, packet: &str, place: u64) -> anyhow::Result<String> {
        let claims = json!({
            "iss": APP, "sub": self.openid(place), "aud": "hongbao", "packet": packet, "iat": self.now,
            "exp": self.now + 300,
        });
        let header = Header { kid: Some("bench".to_owned()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }

    /// The round's packet, sent unless it was, and its first share, opened: its number, and the token of its link.
    pub(crate) async fn first(&self, server: &Measured, round: u64) -> anyhow::Result<(String, String)> {
        let mut params = Params::from_pairs([
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("mch_billno", &*bill_no(1_000_000_000 + round)),
            ("mch_id", MERCHANT),
            ("wxappid", APP),
            ("send_name", "天虹百货"),
            ("re_openid", &self.openid(FIRST)),
            ("total_amount", "1000000"),
            ("total_num", &SHARES.to_string()),
            ("amt_type", "ALL_RAND"),
            ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
            ("act_name", "猜灯谜抢红包活动"),
            ("remark", "猜越多得越多，快来抢！"),
        ])?;
        let signature = sign::sign(SignType::Md5, &params, &ApiKey::try_new(KEY)?);
        params.set("sign", signature)?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let base = format!("http://{}", server.ready.plain);
        let url = format!("{base}{}", SENDGROUPREDPACK.path);
        let text = http.post(url).body(encode(&params)).send().await?.text().await?;
        let reply = decode_reply(text.as_bytes())?;
        let packet = reply.fields.get("send_listid").with_context(|| text.clone())?.to_owned();
        let assertion = self.assertion(&packet, FIRST)?;
        let url = format!("{base}/packets/{packet}/claims");
        let share: Value = http.post(url).bearer_auth(assertion).send().await?.json().await?;
        let link = share["link"].as_str().with_context(|| share.to_string())?.to_owned();
        Ok((packet, link))
    }
}
