//! The demo shows the whole job, and checks what it shows.

use crate::running::{contents, folder, run};

#[test]
fn the_demo_shows_every_step_and_ends_with_clean_books() {
    let folder = folder();
    let output = run(folder.path(), &["demo"]).succeeded();
    let mut rest = output.as_str();
    let steps = [
        "top-up       ¥20.00",
        "sendredpack  10000098201411111234567890 ¥10.00 -> SUCCESS",
        "sendredpack  10000098201411111234567890 ¥10.00 -> SUCCESS",
        "sendredpack  10000098201411111234567890 ¥15.00 -> FATAL_ERROR",
        "gethbinfo    10000098201411111234567890 -> SENT",
        "opened       ¥10.00 as oxTWIuGaIt6gTKsQRLau2M0yL16E",
        "gethbinfo    10000098201411111234567890 -> RECEIVED",
        "sendredpack  10000098201411111234567891 ¥10.00 -> SUCCESS",
        "gethbinfo    10000098201411111234567891 -> SENT",
        "sendredpack  10000098201411111234567892 ¥10.00 -> NOTENOUGH",
        "gethbinfo    10000098201411111234567892 -> SENDING",
        "clock        24h later",
        "gethbinfo    10000098201411111234567891 -> RFUND_ING",
        "expiry       1 refunded, 1 failed",
        "gethbinfo    10000098201411111234567891 -> REFUND, ¥10.00 went back",
        "gethbinfo    10000098201411111234567892 -> FAILED",
        "sendredpack  10000098201411111234567892 ¥10.00 -> SEND_FAILED",
        "settlement        -¥20.00",
        "merchant funds     ¥10.00",
        "escrow              ¥0.00",
        "wallets            ¥10.00",
        "sum                 ¥0.00",
        "every fen is in its place",
    ];
    for step in steps {
        let Some((_, after)) = rest.split_once(step) else { panic!("there is no {step:?} any more in:\n{output}") };
        rest = after;
    }
    assert_eq!(rest, "\n", "something comes after the books");
    assert_eq!(contents(folder.path()).len(), 0, "the demo left something behind");
}

#[test]
fn a_replay_in_the_demo_gets_the_first_answer() {
    let folder = folder();
    let output = run(folder.path(), &["demo"]).succeeded();
    let sends = output.lines().filter(|line| line.contains("10000098201411111234567890 ¥10.00 -> SUCCESS"));
    let packets: Vec<_> = sends.filter_map(|line| line.split_once("send_listid ")).map(|(_, packet)| packet).collect();
    assert_eq!(packets.len(), 2, "{output}");
    assert_eq!(packets[0], packets[1]);
}
