//! How does each error code come about? By one cause, in its literal words; and when the cause is gone, the same call
//! with the same number goes through.

mod bills;
mod deadline;
mod identity;
mod limits;
mod permission;
mod provider;

use std::cell::Cell;
use std::collections::BTreeSet;

use hongbao_wire::endpoint::SENDREDPACK;
use hongbao_wire::{Endpoint, ErrorCode};

use crate::rig::{Rig, codes, element, fields_of};

/// One row a code: the scenarios in which it comes about. Each is run as a test, which fails when its code is never
/// said; so the row is there only if the code is.
macro_rules! codes {
    ($($code:ident: $($file:ident::$scenario:ident),+;)+) => {
        const TABLE: &[ErrorCode] = &[$(ErrorCode::$code),+];

        $($(
            #[tokio::test]
            async fn $scenario() {
                let code = Code { code: ErrorCode::$code, seen: Cell::new(0) };
                $file::$scenario(&code).await;
                assert!(code.seen.get() > 0, "{} is never said", code.code);
            }
        )+)+
    };
}

codes! {
    NoAuth: permission::an_address_that_is_not_on_the_list_is_refused, permission::nothing_goes_to_a_blocked_person;
    NoAuth2014: permission::a_product_that_is_not_open_is_no_permission_in_2014,
        permission::a_merchant_of_2014_who_closed_sending_has_no_permission;
    ProductAuthorityUnopen: permission::a_product_that_is_not_open_is_refused,
        permission::a_merchant_who_entered_less_than_ninety_days_ago_is_refused,
        permission::a_merchant_who_has_traded_for_less_than_thirty_days_is_refused;
    SendNumLimit: limits::a_person_gets_ten_packets_a_day;
    SendAmountLimit: limits::a_merchant_sends_so_much_a_day;
    RcvdAmountLimit: limits::a_person_gets_a_thousand_yuan_a_day;
    IllegalAppId: permission::a_mobile_apps_people_get_nothing;
    MoneyLimit: limits::an_ordinary_packet_holds_one_to_two_hundred_yuan,
        limits::a_packet_may_hold_4999_yuan_when_the_merchant_may,
        limits::of_a_group_packet_the_average_is_judged;
    SendFailed: bills::a_number_that_landed_and_was_left_alone_has_failed;
    FatalError: bills::a_used_number_is_not_for_another_person,
        bills::a_used_number_is_not_for_another_amount,
        bills::a_used_number_is_not_for_another_endpoint;
    CaError: identity::a_certificate_must_be_registered, identity::every_endpoint_asks_for_a_certificate;
    SignError: identity::a_signature_is_made_with_the_merchants_key, identity::a_wrong_inner_signature_is_named;
    SystemError: deadline::a_call_whose_commit_is_held_gets_no_result,
        deadline::a_query_that_can_not_be_read_gets_no_result;
    XmlError: identity::a_body_that_is_no_xml_is_told_so;
    FreqLimit: limits::a_merchant_sends_thirty_packets_a_second,
        limits::a_merchant_sends_so_many_packets_a_minute,
        limits::a_person_gets_so_many_packets_a_minute,
        deadline::a_full_queue_certainly_does_nothing;
    ApiMethodClosed: permission::a_merchant_who_closed_sending_is_refused;
    NotEnough: bills::a_packet_that_the_funds_do_not_cover_lands;
    OpenIdError: permission::an_app_may_know_registered_people_only;
    MsgAppIdError: provider::an_app_of_neither_merchant_reaches_nobody;
    AcceptModeError: provider::a_sub_merchant_must_have_admitted_the_provider,
        provider::who_is_charged_must_have_admitted_the_provider;
    Processing: deadline::a_second_call_while_the_first_is_under_way_is_told_so;
    ParamError: limits::above_two_hundred_yuan_and_below_one_a_scene_is_needed,
        identity::an_unknown_merchant_is_nobody,
        permission::an_app_must_be_the_merchants,
        limits::a_group_packet_has_so_many_shares_at_most;
    TimeLimited: limits::nothing_is_sent_at_night_in_2014;
    SecondOverLimited: limits::a_merchant_of_2014_sends_so_many_packets_a_minute;
    DayOverLimited: limits::a_merchant_of_2014_sends_so_many_packets_a_day;
    SystemError2014: deadline::a_call_of_2014_whose_commit_is_held_gets_a_number_for_an_error,
        deadline::a_second_call_of_2014_is_told_no_more_than_the_first;
    PayerAccountAbnormal: bills::a_frozen_merchant_pays_nothing;
    NoCompetence: permission::a_merchant_is_not_open_in_workwx, permission::a_corporation_without_a_secret_sends_nothing;
    WorkwxSignError: identity::an_inner_signature_must_be_there;
    WorkwxMchIdError: permission::a_corporation_must_be_the_merchants;
    NotFound: bills::a_number_that_was_never_used_is_not_found;
    RequirePostMethod: identity::a_method_other_than_post_is_told_so;
}

/// Codes that the table of the wire knows and this platform never says.
const NEVER_SAID: &[ErrorCode] = &[ErrorCode::HttpMethodError, ErrorCode::PostDataEmpty, ErrorCode::NotUtf8];

#[test]
fn every_code_comes_about_in_a_scenario_here_or_is_never_said() {
    let names = |codes: &[ErrorCode]| codes.iter().map(|code| code.as_str().to_owned()).collect::<BTreeSet<_>>();
    let (here, never) = (names(TABLE), names(NEVER_SAID));
    assert!(here.is_disjoint(&never));
    assert_eq!(&here | &never, names(ErrorCode::ALL));
    for code in NEVER_SAID {
        assert_eq!(code.cause().zh, "本平台不会返回", "{code}");
    }
}

/// A code that is to come about.
pub(crate) struct Code {
    code: ErrorCode,
    seen: Cell<u32>,
}

impl Code {
    /// The reply has this code and these words, in `return_msg` and in `err_code_des`.
    fn is_in(&self, reply: &str, text: &str) {
        self.is_in_envelope("SUCCESS", reply, text);
    }

    /// The same as the first generation says it.
    fn is_in_2014(&self, reply: &str, text: &str) {
        self.is_in_envelope("FAIL", reply, text);
    }

    fn is_in_envelope(&self, return_code: &str, reply: &str, text: &str) {
        assert_eq!(codes(reply), [return_code, "FAIL", self.code.as_str()], "{reply}");
        assert_eq!((element(reply, "return_msg"), element(reply, "err_code_des")), (text, text));
        self.seen.set(self.seen.get() + 1);
    }
}

/// One call, to be made again and again.
struct Call<'a> {
    rig: &'a Rig,
    endpoint: &'a Endpoint,
    changes: &'a [(&'a str, &'a str)],
}

impl<'a> Call<'a> {
    fn ordinary(rig: &'a Rig, changes: &'a [(&'a str, &'a str)]) -> Call<'a> {
        Call { rig, endpoint: &SENDREDPACK, changes }
    }

    async fn make(&self) -> String {
        self.rig.call(self.endpoint, self.changes).await
    }

    fn field(&self, name: &str) -> String {
        let fields = fields_of(self.endpoint, self.changes);
        fields.into_iter().find(|(known, _)| known == name).unwrap().1
    }

    async fn query(&self) -> String {
        self.rig.query(&self.field("mch_billno")).await
    }

    /// It is refused, and leaves nothing behind.
    async fn is_refused(&self, code: &Code, text: &str) {
        let before = books(self.rig).await;
        code.is_in(&self.make().await, text);
        assert_eq!(books(self.rig).await, before);
    }

    /// The same as the first generation says it.
    async fn is_refused_in_2014(&self, code: &Code, text: &str) {
        let before = books(self.rig).await;
        code.is_in_2014(&self.make().await, text);
        assert_eq!(books(self.rig).await, before);
    }

    /// Its number is free, and it goes through.
    async fn goes_through(&self) {
        assert_eq!(element(&self.query().await, "err_code_des"), "指定单号数据不存在");
        let (funds, packets) = books(self.rig).await;
        self.is_accepted().await;
        assert_eq!(books(self.rig).await, (funds - self.amount(), packets + 1));
    }

    /// It is declined: its number is taken, with the reason, and no money moved.
    async fn lands(&self, code: &Code, text: &str) {
        let (funds, packets) = books(self.rig).await;
        self.is_declined_again(code, text).await;
        assert_eq!(books(self.rig).await, (funds, packets + 1));
    }

    /// It landed before, and still only that.
    async fn is_declined_again(&self, code: &Code, text: &str) {
        let (funds, _) = books(self.rig).await;
        code.is_in(&self.make().await, text);
        let reply = self.query().await;
        assert_eq!((element(&reply, "status"), element(&reply, "reason")), ("SENDING", text));
        assert_eq!(self.rig.funds().await, funds);
    }

    /// It landed before, and now goes through.
    async fn is_completed(&self) {
        assert_eq!(element(&self.query().await, "status"), "SENDING");
        let (funds, packets) = books(self.rig).await;
        self.is_accepted().await;
        assert_eq!(books(self.rig).await, (funds - self.amount(), packets));
    }

    async fn is_accepted(&self) {
        let reply = self.make().await;
        assert_eq!((element(&reply, "return_code"), element(&reply, "result_code")), ("SUCCESS", "SUCCESS"), "{reply}");
        assert_eq!(element(&self.query().await, "status"), "SENT");
    }

    fn amount(&self) -> i64 {
        self.field("total_amount").parse().unwrap()
    }
}

/// The merchant's funds, and how many packets there are; all in order.
async fn books(rig: &Rig) -> (i64, u64) {
    let (_, audit) = rig.get("/admin/audit").await;
    assert_eq!(audit["is_clean"], true, "{audit}");
    (rig.funds().await, audit["packets"].as_u64().unwrap())
}
