"""What must a merchant's client see of the platform? The cases for every client in Python. A client's own file
says how a merchant makes it, as `connect` of a class that has these cases:

    connect(mch_id, api_key, has_certificate) -> an object with sendredpack(fields), gethbinfo(number), refusal(error)

`fields` have the names of the wire. `refusal` takes what was raised for a reply that is not SUCCESS twice, and
returns that reply, or what the client keeps of it. For more calls there are sendgroupredpack(fields),
sendminiprogramhb(fields), transfers(fields) and gettransferinfo(number); a client without one of them sets its
cases to None. Which calls succeeded is kept in `covered`: docs/clients.md says the same."""

import hashlib
import os
import unittest

from hongbao_dev import Platform

ENDPOINTS = ("sendredpack", "sendgroupredpack", "sendminiprogramhb", "gethbinfo", "transfers", "gettransferinfo")

OPENID = "oxTWIuGaIt6gTKsQRLau2M0yL16E"
OTHER_OPENID = "onqOjjmM1tad-3ROpncN-yUfa6uI"
PACKET_ID = r"^\d{28,32}$"
TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"


class RedpackCases(unittest.TestCase):
    covered = set()

    @classmethod
    def setUpClass(cls):
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.stop)
        os.environ["REQUESTS_CA_BUNDLE"] = cls.platform.path("rootca.pem")
        cls.numbers = iter(range(1, 1000))
        cls.merchant = cls.platform.profile["merchant"]

    def connect(self, mch_id, api_key, has_certificate):
        raise NotImplementedError

    def client(self, **changed):
        """A client as a merchant would make it."""
        merchant = {"mch_id": self.merchant["mch_id"], "api_key": self.platform.api_key, "has_certificate": True}
        client = self.connect(**{**merchant, **changed})
        for endpoint in ENDPOINTS:
            if hasattr(client, endpoint):
                setattr(client, endpoint, self.recorded(endpoint, getattr(client, endpoint)))
        return client

    def recorded(self, endpoint, call):
        """A call that notes its success."""

        def recorded_call(argument):
            reply = call(argument)
            if reply["result_code"] == "SUCCESS":
                self.covered.add(endpoint)
            return reply

        return recorded_call

    def number(self):
        return f"10000098201411111{next(self.numbers):09}"

    @staticmethod
    def fields(number, **changed):
        return {
            "mch_billno": number,
            "re_openid": OPENID,
            "total_amount": 1000,
            "total_num": 1,
            "send_name": "天虹百货",
            "act_name": "猜灯谜抢红包活动",
            "wishing": "感谢您参加猜灯谜活动，祝您元宵节快乐！",
            "remark": "猜越多得越多，快来抢！",
            "client_ip": "192.168.0.1",
            "scene_id": "PRODUCT_8",
            **changed,
        }

    def send(self, number, client=None, **changed):
        return (client or self.client()).sendredpack(self.fields(number, **changed))

    def refusal(self, code, client, call, *arguments, return_msg=None, **keywords):
        """The refusal that this call must meet with."""
        with self.assertRaises(Exception) as caught:
            call(*arguments, **keywords)
        told = client.refusal(caught.exception)
        self.assertEqual(
            [told[name] for name in ("return_code", "return_msg", "result_code", "err_code")],
            ["SUCCESS", return_msg or told["err_code_des"], "FAIL", code],
        )
        return told

    def refused(self, *due, **keywords):
        """Its text."""
        return self.refusal(*due, **keywords)["err_code_des"]

    def refused_send(self, code, number, client=None, **changed):
        client = client or self.client()
        return self.refused(code, client, self.send, number, client, **changed)

    def refused_query(self, code, number):
        client = self.client()
        return self.refused(code, client, client.gethbinfo, number)

    def success(self, number):
        """What every send's reply begins with."""
        return {
            "return_code": "SUCCESS",
            "return_msg": "发放成功",
            "result_code": "SUCCESS",
            "err_code": "SUCCESS",
            "err_code_des": "发放成功",
            "mch_billno": number,
            "mch_id": self.merchant["mch_id"],
            "wxappid": self.merchant["wxappid"],
        }

    def test_send_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        first = self.send(number, client)
        rest = dict(first)
        self.assertRegex(rest.pop("send_listid"), PACKET_ID)
        self.assertEqual(rest, {**self.success(number), "re_openid": OPENID, "total_amount": "1000"})
        self.assertEqual(self.send(number, client), first)

    def test_a_changed_amount_is_fatal(self):
        number = self.number()
        self.send(number)
        amount = self.refused_send("FATAL_ERROR", number, total_amount=1001)
        self.assertEqual(amount, "更换了金额，但商户单号未更新")
        person = self.refused_send("FATAL_ERROR", number, re_openid=OTHER_OPENID)
        self.assertEqual(person, "更换了openid，但商户单号未更新")

    def test_a_wrong_key_is_a_wrong_signature(self):
        number = self.number()
        self.assertEqual(self.refused_send("SIGN_ERROR", number, self.client(api_key="0" * 32)), "签名错误")
        self.assertEqual(self.refused_query("NOT_FOUND", number), "指定单号数据不存在")

    def test_without_a_certificate_nothing_is_done(self):
        number = self.number()
        self.assertIn("证书出错", self.refused_send("CA_ERROR", number, self.client(has_certificate=False)))
        self.refused_query("NOT_FOUND", number)

    def test_too_little_money_then_topped_up_and_sent_again(self):
        poor, key = "10000099", "8934e7d15453e97507ef794cf7b0519d"
        self.platform.add_merchant(poor, key)
        client = self.client(mch_id=poor, api_key=key)
        number = self.number()
        text = self.refused_send("NOTENOUGH", number, client)
        self.assertEqual(text, "帐号余额不足，请到商户平台充值后再重试")
        landed = client.gethbinfo(number)
        self.assertEqual((landed["status"], landed["reason"]), ("SENDING", text))

        self.platform.run("topup", poor, "1000", "--reference", "poor-1")
        sent = self.send(number, client)
        self.assertEqual(sent["send_listid"], landed["detail_id"])
        self.assertEqual(client.gethbinfo(number)["status"], "SENT")

    def test_text_that_is_awkward_in_xml_is_signed_as_it_is_meant(self):
        awkward = "A&B <快来抢> \"x\" 'y' 🧧"
        sent = self.send(self.number(), wishing=awkward, remark=awkward)
        self.assertEqual(sent["result_code"], "SUCCESS")

    def test_query_in_each_state(self):
        client = self.client()
        self.refused_query("NOT_FOUND", self.number())
        self.is_guarded("gethbinfo", self.number())

        claimed, expired = self.number(), self.number()
        packet_id = self.send(claimed, client)["send_listid"]
        self.send(expired, client)
        sent = client.gethbinfo(claimed)
        self.assertEqual(
            [sent[name] for name in ("detail_id", "status", "send_type", "hb_type", "total_num", "total_amount")],
            [packet_id, "SENT", "API", "NORMAL", "1", "1000"],
        )
        self.assertNotIn("hblist", sent)

        self.platform.run("claim", packet_id, "--as", OPENID)
        received = client.gethbinfo(claimed)
        self.assertEqual(received["status"], "RECEIVED")
        share = received["hblist"]["hbinfo"]
        self.assertEqual((share["openid"], share["amount"]), (OPENID, "1000"))
        self.assertRegex(share["rcv_time"], TIME)

        # A merchant who may send nothing more today.
        landed, late, key = self.number(), "10000097", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        self.platform.add_merchant(late, key, "--amount-per-day", "999")
        limited = self.client(mch_id=late, api_key=key)
        text = self.refused_send("SENDAMOUNT_LIMIT", landed, limited)
        sending = limited.gethbinfo(landed)
        self.assertEqual((sending["status"], sending["reason"]), ("SENDING", text))

        self.platform.run("sandbox", "clock", "+24h", "--no-expire")
        refunding = client.gethbinfo(expired)
        self.assertEqual(refunding["status"], "RFUND_ING")
        self.assertNotIn("refund_time", refunding)
        self.platform.run("sandbox", "clock", "+1s")
        refunded = client.gethbinfo(expired)
        self.assertEqual((refunded["status"], refunded["refund_amount"]), ("REFUND", "1000"))
        self.assertRegex(refunded["refund_time"], TIME)
        self.assertEqual(client.gethbinfo(claimed)["status"], "RECEIVED")
        self.assertEqual(limited.gethbinfo(landed)["status"], "FAILED")
        self.refused_send("SEND_FAILED", landed, limited)

    @classmethod
    def tearDownClass(cls):
        report = cls.platform.audit()
        assert "every fen is in its place" in report, report

    def is_guarded(self, endpoint, argument, return_msg=None):
        """Without the key or the certificate there is nothing to be had from a call."""
        wrong, bare = self.client(api_key="0" * 32), self.client(has_certificate=False)
        text = self.refused("SIGN_ERROR", wrong, getattr(wrong, endpoint), argument, return_msg=return_msg)
        self.assertEqual(text, "签名错误")
        text = self.refused("CA_ERROR", bare, getattr(bare, endpoint), argument, return_msg=return_msg)
        self.assertIn("证书出错", text)

    def group_fields(self, number):
        return self.fields(number, total_amount=300, total_num=3, amt_type="ALL_RAND")

    def test_send_to_a_group_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        fields = self.group_fields(number)
        first = client.sendgroupredpack(fields)
        rest = dict(first)
        signed = [f"{name}={rest[name]}" for name in sorted(rest) if rest[name] and name != "sign"]
        text = "&".join([*signed, f"key={self.platform.api_key}"])
        self.assertEqual(rest.pop("sign"), hashlib.md5(text.encode()).hexdigest().upper())
        self.assertRegex(rest.pop("send_listid"), PACKET_ID)
        self.assertEqual(rest, {**self.success(number), "re_openid": OPENID, "total_amount": "300"})
        self.assertEqual(client.sendgroupredpack(fields), first)

        text = self.refused("FATAL_ERROR", client, client.sendgroupredpack, {**fields, "total_amount": 301})
        self.assertEqual(text, "更换了金额，但商户单号未更新")
        self.is_guarded("sendgroupredpack", self.group_fields(self.number()))

    def test_what_nobody_opens_of_a_packet_for_a_group_goes_back(self):
        number, client = self.number(), self.client()
        packet_id = client.sendgroupredpack(self.group_fields(number))["send_listid"]
        sent = client.gethbinfo(number)
        self.assertEqual(
            [sent[name] for name in ("detail_id", "status", "hb_type", "total_num", "total_amount")],
            [packet_id, "SENT", "GROUP", "3", "300"],
        )
        self.assertNotIn("hblist", sent)
        self.platform.run("sandbox", "clock", "+24h")
        refunded = client.gethbinfo(number)
        self.assertEqual((refunded["status"], refunded["refund_amount"]), ("REFUND", "300"))
        self.assertRegex(refunded["refund_time"], TIME)
        self.assertNotIn("hblist", refunded)

    def test_send_in_a_mini_program_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        # What clients send of old; the page says MINI_PROGRAM_JSAPI.
        fields = self.fields(number, notify_way="JSAPI")
        first = client.sendminiprogramhb(fields)
        rest = dict(first)
        self.assertRegex(rest.pop("package"), r"^sendid=[^&]+&ver=\d+&sign=[^&]+&mchid=\d+&")
        packet_id = rest.pop("send_listid")
        self.assertRegex(packet_id, PACKET_ID)
        self.assertEqual(rest, {**self.success(number), "re_openid": OPENID, "total_amount": "1000"})
        self.assertEqual(client.sendminiprogramhb(fields), first)
        sent = client.gethbinfo(number)
        self.assertEqual((sent["detail_id"], sent["status"]), (packet_id, "SENT"))
        self.is_guarded("sendminiprogramhb", {**fields, "mch_billno": self.number()})

    @staticmethod
    def transfer_fields(number, **changed):
        # `check_name` is what the client makes it: OPTION_CHECK, a value of earlier years.
        return {
            "partner_trade_no": number,
            "openid": OPENID,
            "amount": 1000,
            "desc": "理赔",
            "spbill_create_ip": "192.168.0.1",
            **changed,
        }

    def test_transfer_the_same_number_again_and_what_became_of_it(self):
        number, client = self.number(), self.client()
        fields = self.transfer_fields(number)
        first = client.transfers(fields)
        rest = dict(first)
        self.assertFalse(rest.pop("return_msg"))
        self.assertRegex(rest.pop("nonce_str"), ".")
        payment_no, payment_time = rest.pop("payment_no"), rest.pop("payment_time")
        self.assertRegex(payment_no, PACKET_ID)
        self.assertRegex(payment_time, TIME)
        self.assertEqual(
            rest,
            {
                "return_code": "SUCCESS",
                "mch_appid": self.merchant["wxappid"],
                "mchid": self.merchant["mch_id"],
                "result_code": "SUCCESS",
                "partner_trade_no": number,
            },
        )
        again = client.transfers(fields)
        self.assertEqual((again["payment_no"], again["payment_time"]), (payment_no, payment_time))

        info = dict(client.gettransferinfo(number))
        self.assertRegex(info.pop("transfer_time"), TIME)
        self.assertEqual(
            info,
            {
                "return_code": "SUCCESS",
                "return_msg": "OK",
                "result_code": "SUCCESS",
                "err_code": "SUCCESS",
                "err_code_des": "OK",
                "partner_trade_no": number,
                "appid": self.merchant["wxappid"],
                "mch_id": self.merchant["mch_id"],
                "detail_id": payment_no,
                "status": "SUCCESS",
                "openid": OPENID,
                "payment_amount": "1000",
                "payment_time": payment_time,
                "desc": "理赔",
            },
        )
        self.refused("NOT_FOUND", client, client.gettransferinfo, self.number())
        self.is_guarded("gettransferinfo", number)

    def test_a_transfer_that_is_changed_is_fatal_and_repeats_nothing(self):
        number, client = self.number(), self.client()
        client.transfers(self.transfer_fields(number))
        changed = self.transfer_fields(number, amount=1001)
        # Whatever is wrong with a transfer, the reason is in err_code_des alone.
        told = self.refusal("FATAL_ERROR", client, client.transfers, changed, return_msg="支付失败")
        self.assertEqual(told["err_code_des"], "更换了金额，但商户单号未更新")
        self.assertEqual(list(told), ["return_code", "return_msg", "result_code", "err_code", "err_code_des"])
        self.is_guarded("transfers", self.transfer_fields(self.number()), return_msg="支付失败")
