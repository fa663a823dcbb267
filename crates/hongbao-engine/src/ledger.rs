//! Where is the money? Double-entry accounts: every movement takes from one and gives to another.
//!
//! Five kinds of account. *Settlement* is the outside world (the bank); *merchant funds*, *packet
//! escrow*, *recipient wallets* and *withdrawal holds* are what the platform owes to others, so none of them may fall
//! below zero. A debit takes from such an account, a credit gives to it. The sum over all accounts is zero.
//!
//! A posting is not written twice: a packet's row is its posting from funds to escrow (and its refund
//! back), a claim's row is its posting from escrow to wallet, a withdrawal's row is its posting from wallet to hold
//! (and on to settlement, or back), a transfer's row is its own. Account
//! rows are sums of these, kept so that a balance costs one read; an audit rebuilds them.

use hongbao_types::{AppId, Fen, MerchantId, OpenId, PacketId, Reference, Timestamp};

use crate::wallet::{Wallet, WithdrawalKey};

/// Which account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerAccount {
    /// The outside world (结算).
    Settlement,
    /// What a merchant may still send (商户余额).
    MerchantFunds(MerchantId),
    /// What was sent and is neither claimed nor gone back (在途); kept in the packet's own row.
    PacketEscrow(PacketId),
    /// What a person has received under one app (零钱).
    RecipientWallet(AppId, OpenId),
    /// What is being withdrawn; kept in the withdrawal's own row.
    WithdrawalHold(WithdrawalKey),
}

/// An account's row: all that ever went out and came in, never one signed number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The sum of all debits.
    pub debits: Fen,
    /// The sum of all credits.
    pub credits: Fen,
    /// What only a wallet has.
    pub wallet: Wallet,
}

/// Money that moves between two accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account it is taken from.
    pub debit: LedgerAccount,
    /// The account it is given to.
    pub credit: LedgerAccount,
    /// How much; never zero.
    pub amount: Fen,
}

/// What a movement without a bill number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferKind {
    /// Money comes in for a merchant (充值).
    TopUp,
}

/// What such a movement is known by: the caller's reference, unique per kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferKey {
    /// What it is.
    pub kind: TransferKind,
    /// The caller's reference.
    pub reference: Reference,
}

/// A movement of money without a bill number. The row is its own posting, append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What it is known by.
    pub key: TransferKey,
    /// The merchant it concerns.
    pub merchant: MerchantId,
    /// How much.
    pub amount: Fen,
    /// When.
    pub at: Timestamp,
}

impl LedgerAccount {
    /// Whether what it holds stands in the row of what holds it, so that it has none of its own.
    pub fn is_in_another_row(&self) -> bool {
        matches!(self, LedgerAccount::PacketEscrow(_) | LedgerAccount::WithdrawalHold(_))
    }
}

impl Account {
    /// Credits less debits: what the account holds. `None` when it is below zero, which only
    /// settlement may be.
    pub fn balance(&self) -> Option<Fen> {
        self.credits.checked_sub(self.debits)
    }

    /// The sums of both; of whatever else a wallet has, nothing.
    pub(crate) fn plus(&self, other: &Account) -> Option<Account> {
        let wallet = Wallet {
            held: self.wallet.held.checked_add(other.wallet.held)?,
            withdrawn: self.wallet.withdrawn.checked_add(other.wallet.withdrawn)?,
            ..Wallet::default()
        };
        let (debits, credits) = (self.debits.checked_add(other.debits)?, self.credits.checked_add(other.credits)?);
        Some(Account { debits, credits, wallet })
    }

    /// What ever came into a wallet, withdrawals that were cancelled not counted. `None` when the sums contradict
    /// each other.
    pub fn received(&self) -> Option<Fen> {
        let cancelled = self.debits.checked_sub(self.wallet.held)?.checked_sub(self.wallet.withdrawn)?;
        self.credits.checked_sub(cancelled)
    }
}

impl Transfer {
    /// The posting that this row is.
    pub fn posting(&self) -> Posting {
        match self.key.kind {
            TransferKind::TopUp => Posting {
                debit: LedgerAccount::Settlement,
                credit: LedgerAccount::MerchantFunds(self.merchant.clone()),
                amount: self.amount,
            },
        }
    }
}
