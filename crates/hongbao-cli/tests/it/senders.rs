//! Load: merchants' machines that send packets, each over a connection of its own that is reused, until
//! the platform is gone.

use std::collections::BTreeMap;

use hongbao::{BillNo, Certainty, Client, ErrorCode, Fen, HbStatus, PacketId, SendRedPack};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::running::{Dev, app};

/// How many send at once.
const SENDERS: usize = 8;
/// What each packet holds: the least that a packet may.
pub(crate) const FEN_EACH: u32 = 100;

/// What became of the packets.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The numbers that were answered with a success, and the `send_listid` of the answer.
    pub(crate) acknowledged: BTreeMap<String, PacketId>,
    /// The numbers that were under way when the platform went.
    pub(crate) unknown: Vec<String>,
}

enum Event {
    Acknowledged(String, PacketId),
    Lost(String, hongbao::Error),
}

/// A packet for a person of its own: nobody's daily limit is reached.
pub(crate) fn request(bill_no: &str) -> SendRedPack {
    SendRedPack {
        bill_no: BillNo::try_new(bill_no).expect("a bill number"),
        app: app(),
        recipient: format!("o{bill_no:A>27}").parse().expect("an openid"),
        total: Fen::new(FEN_EACH),
        sender_name: "天虹百货".to_owned(),
        greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
        activity: "猜灯谜抢红包活动".to_owned(),
        remark: "猜越多得越多，快来抢！".to_owned(),
        client_ip: "192.168.0.1".to_owned(),
        scene: None,
        risk_info: None,
        on_behalf_of: None,
    }
}

impl Ledger {
    /// Sends with numbers that begin with `prefix`. Once `enough` are acknowledged, calls `end`, which ends
    /// the platform, and returns when every sender has noticed.
    pub(crate) async fn send_until_gone(&mut self, dev: Dev, prefix: &str, enough: usize, end: impl FnOnce(Dev)) {
        dev.ok(&["merchant", "set", "10000098", "--limit", "packets_per_second=unlimited"]);
        let (event_sender, mut events) = mpsc::unbounded_channel();
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let client = dev.client();
            let prefix = format!("{prefix}s{sender}n");
            senders.spawn(send_on_and_on(client, prefix, event_sender.clone()));
        }
        drop(event_sender);
        let mut dev_and_end = Some((dev, end));
        let mut count = 0;
        while let Some(event) = events.recv().await {
            match event {
                Event::Acknowledged(bill_no, packet) => {
                    count += 1;
                    assert_eq!(self.acknowledged.insert(bill_no, packet), None, "a number was used twice");
                }
                Event::Lost(bill_no, error) => {
                    assert!(dev_and_end.is_none(), "a send failed while the platform was there: {error:?}");
                    assert_eq!(error.code(), None, "only a broken connection ends a send: {error:?}");
                    self.unknown.push(bill_no);
                }
            }
            if count >= enough
                && let Some((dev, end)) = dev_and_end.take()
            {
                end(dev);
            }
        }
        senders.join_all().await;
    }

    /// Asks `dev` for every acknowledged number, and sends it again: it is as it was.
    pub(crate) async fn expect_all_kept(&self, dev: &Dev) {
        let all: Vec<_> = self.acknowledged.iter().map(|(bill_no, packet)| (bill_no.clone(), packet.clone())).collect();
        let mut checks = JoinSet::new();
        for part in all.chunks(all.len().div_ceil(SENDERS).max(1)) {
            let client = dev.client();
            let part = part.to_vec();
            checks.spawn(async move {
                for (bill_no, packet) in part {
                    let request = request(&bill_no);
                    let info = client.gethbinfo(&request.bill_no, &request.app).await;
                    let info = info.unwrap_or_else(|error| panic!("{bill_no} was acknowledged and is gone: {error:?}"));
                    assert_eq!(
                        (info.status, &info.packet, info.total),
                        (HbStatus::Sent, &packet, request.total),
                        "{bill_no}"
                    );
                    let again = client.sendredpack(&request).await;
                    let again = again.unwrap_or_else(|error| panic!("{bill_no} gets another answer: {error:?}"));
                    assert_eq!(again.packet, packet, "{bill_no}");
                }
            });
        }
        checks.join_all().await;
    }

    /// Sends every number again whose answer was lost: each is accepted, and acknowledged from now on. One
    /// that had arrived keeps its packet.
    pub(crate) async fn settle_unknown(&mut self, dev: &Dev) {
        let client = dev.client();
        for bill_no in std::mem::take(&mut self.unknown) {
            let request = request(&bill_no);
            let found = client.gethbinfo(&request.bill_no, &request.app).await;
            let sent = client.sendredpack(&request).await;
            let sent = sent.unwrap_or_else(|error| panic!("{bill_no} is not accepted any more: {error:?}"));
            match found {
                Ok(info) => assert_eq!((info.status, &info.packet), (HbStatus::Sent, &sent.packet), "{bill_no}"),
                Err(error) => assert_eq!(error.code(), Some(&ErrorCode::NotFound), "{bill_no}: {error:?}"),
            }
            assert_eq!(self.acknowledged.insert(bill_no, sent.packet), None, "a number was used twice");
        }
    }
}

async fn send_on_and_on(client: Client, prefix: String, events: mpsc::UnboundedSender<Event>) {
    for number in 0.. {
        let bill_no = format!("{prefix}{number}");
        match client.sendredpack(&request(&bill_no)).await {
            Ok(sent) => {
                if events.send(Event::Acknowledged(bill_no, sent.packet)).is_err() {
                    return;
                }
            }
            Err(error) => {
                // Whatever the answer was, nobody may take a broken connection for a refusal.
                let is_certain = error.certainty() == Certainty::NothingMoved;
                assert!(!is_certain || error.to_string().contains("no connection"), "{error:?}");
                let _ = events.send(Event::Lost(bill_no, error));
                return;
            }
        }
    }
}
