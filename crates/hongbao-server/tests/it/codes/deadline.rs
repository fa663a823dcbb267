//! What is said when nothing is known, or there is no room?
//!
//! Calls that must end without a result go to a platform without patience, on the same store; everything else to the
//! usual one, so that no machine is too slow for it.

use hongbao_store::LaneBounds;
use hongbao_store::faulty::Fault;
use serde_json::json;

use super::{Call, Code, books};
use crate::rig::{
    APP, BILL_NO, KEY, MERCHANT, OPENID, Rig, codes, element, envelope, number, sample, signed, text, with, xml,
};
use crate::test_store::NODES;

/// Commits that are under way until another plan is made. Nothing is written, and nobody knows; unlike one that is
/// held, they lock nobody else out of the store.
const UNDER_WAY: [Fault; 1000] = [Fault::UnknownNotApplied; 1000];

fn body(bill_no: &str) -> String {
    signed(KEY, &with(&sample(), &[("mch_billno", bill_no)]))
}

const PATH: &str = "/mmpaymkttransfers/sendredpack";

/// Sends, and the commit is held until the answer is there; then it is let go.
async fn answer_while_held(rig: &Rig) -> String {
    let impatient = rig.impatient(LaneBounds::default()).await;
    rig.faults.plan([Fault::Held]);
    let reply = rig.post_to(&impatient.addresses(), PATH, body(BILL_NO)).await;
    rig.faults.held().await;
    rig.faults.release();
    impatient.stop().await;
    reply
}

/// What nobody was told has happened all the same, once, and the same call says so.
async fn is_settled_once(rig: &Rig) {
    assert_eq!(books(rig).await, (4000, 1));
    let query = rig.query(BILL_NO).await;
    assert_eq!(element(&query, "status"), "SENT");
    let reply = rig.send(&[]).await;
    assert_eq!(element(&reply, "result_code"), "SUCCESS");
    assert_eq!(element(&reply, "send_listid"), element(&query, "detail_id"));
    assert_eq!(books(rig).await, (4000, 1));
}

pub(super) async fn a_call_whose_commit_is_held_gets_no_result(code: &Code) {
    let rig = Rig::start().await;
    let reply = answer_while_held(&rig).await;
    code.is_in(&reply, "系统错误,请稍后使用原单号重试,请勿更换单号");
    assert_eq!(element(&reply, "mch_billno"), BILL_NO);
    is_settled_once(&rig).await;
}

/// A store whose reads hang is no reason to wait for ever: here it is locked by a commit that is held.
pub(super) async fn a_query_that_can_not_be_read_gets_no_result(code: &Code) {
    let rig = Rig::start().await;
    rig.send(&[]).await;
    let impatient = rig.impatient(LaneBounds::default()).await;
    let door = impatient.addresses();
    rig.faults.plan([Fault::Held]);
    let query = signed(KEY, &crate::rig::query_sample());
    let (sent, asked) = tokio::join!(rig.post_to(&door, PATH, body("held")), async {
        rig.faults.held().await;
        rig.post_to(&door, "/mmpaymkttransfers/gethbinfo", query.clone()).await
    });
    code.is_in(&sent, "系统错误,请稍后使用原单号重试,请勿更换单号");
    if NODES == 1 {
        // The store in memory lets nobody read meanwhile.
        code.is_in(&asked, "系统错误,请稍后使用原单号重试,请勿更换单号");
    } else {
        assert_eq!(element(&asked, "status"), "SENT", "what is committed is read");
    }
    rig.faults.release();
    impatient.stop().await;
    assert_eq!(element(&rig.query(BILL_NO).await, "status"), "SENT");
    assert_eq!(books(&rig).await, (3000, 2));
}

pub(super) async fn a_call_of_2014_whose_commit_is_held_gets_a_number_for_an_error(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "generation": "G1" })).await;
    let reply = answer_while_held(&rig).await;
    code.is_in_2014(&reply, "系统繁忙,请稍后再试.");
    assert!(reply.contains(&format!("<mch_id>{MERCHANT}</mch_id>")), "{reply}");
    is_settled_once(&rig).await;
}

pub(super) async fn a_second_call_while_the_first_is_under_way_is_told_so(code: &Code) {
    let rig = Rig::start().await;
    let impatient = rig.impatient(LaneBounds::default()).await;
    let door = impatient.addresses();
    rig.faults.plan(UNDER_WAY);
    assert_eq!(codes(&rig.post_to(&door, PATH, body(BILL_NO)).await), ["SUCCESS", "FAIL", "SYSTEMERROR"]);
    for _ in 0..2 {
        let reply = rig.post_to(&door, PATH, body(BILL_NO)).await;
        code.is_in(&reply, "请求已受理,请稍后使用原单号查询发放结果");
        let expected = [
            envelope("FAIL", "PROCESSING", "请求已受理,请稍后使用原单号查询发放结果"),
            text("mch_billno", BILL_NO),
            text("mch_id", MERCHANT),
            text("wxappid", APP),
            text("re_openid", OPENID),
            number("total_amount", "1000"),
        ];
        assert_eq!(reply, xml(expected));
    }
    // Another number knows nothing of it.
    assert_eq!(codes(&rig.post_to(&door, PATH, body("another")).await), ["SUCCESS", "FAIL", "SYSTEMERROR"]);
    assert_eq!(books(&rig).await, (5000, 0));
    rig.faults.plan([]);
    impatient.stop().await;
    assert_eq!(books(&rig).await, (3000, 2), "three calls with one number, and one with another");
    let reply = rig.send(&[]).await;
    assert_eq!(codes(&reply), ["SUCCESS"; 3]);
    assert_eq!(element(&reply, "send_listid"), element(&rig.query(BILL_NO).await, "detail_id"));
    assert_eq!(books(&rig).await, (3000, 2));
}

pub(super) async fn a_second_call_of_2014_is_told_no_more_than_the_first(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "generation": "G1" })).await;
    let impatient = rig.impatient(LaneBounds::default()).await;
    rig.faults.plan(UNDER_WAY);
    for _ in 0..2 {
        let reply = rig.post_to(&impatient.addresses(), PATH, body(BILL_NO)).await;
        code.is_in_2014(&reply, "系统繁忙,请稍后再试.");
    }
    rig.faults.plan([]);
    impatient.stop().await;
    is_settled_once(&rig).await;
}

pub(super) async fn a_full_queue_certainly_does_nothing(code: &Code) {
    let rig = Rig::start().await;
    let impatient = rig.impatient(LaneBounds { queue: 1, batch: 1 }).await;
    let door = impatient.addresses();
    rig.faults.plan(UNDER_WAY);
    assert_eq!(codes(&rig.post_to(&door, PATH, body("first")).await), ["SUCCESS", "FAIL", "SYSTEMERROR"]);
    // The first has left the queue once it is tried.
    while rig.faults.tries().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(codes(&rig.post_to(&door, PATH, body("second")).await), ["SUCCESS", "FAIL", "SYSTEMERROR"]);
    code.is_in(&rig.post_to(&door, PATH, body(BILL_NO)).await, "超过频率限制,请稍后再试");
    rig.faults.plan([]);
    impatient.stop().await;
    assert_eq!(books(&rig).await, (3000, 2));
    Call::ordinary(&rig, &[]).goes_through().await;
}
