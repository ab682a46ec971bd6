//! What operators do with a line, and see of it.

use crate::port::{
    AccountRepository, BookingStore, Clock, IdSource, LineFigures, LineStore, NumberDispenser, OperatorAction,
};
use crate::{Conflict, Error, Missing, Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, Line, LineChange, LineUpdate, Phase};
use frontrow_domain::{Bar, BuyerKey, Command, SaleId, UserId, What};
use std::sync::Arc;
use uuid::Uuid;

/// A line with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineReport {
    /// The line.
    pub line: Line,
    /// Its figures.
    pub figures: LineFigures,
    /// By group, how many numbers were handed out.
    pub issued: Vec<u64>,
}

/// Opens, pauses, drains, closes and changes lines, and keeps people out.
pub struct OperateLine {
    /// Keeps the lines, and notes who did what.
    pub store: Arc<dyn LineStore>,
    /// Knows how many have joined.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// Keeps people out.
    pub bookings: Arc<dyn BookingStore>,
    /// Knows who there is.
    pub accounts: Arc<dyn AccountRepository>,
    /// For the actions.
    pub ids: Arc<dyn IdSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl OperateLine {
    /// Changes what the change names; everything else stays.
    pub async fn change(&self, by: UserId, sale: SaleId, change: &LineChange) -> Result<Line, Error> {
        let line = self.store.line(sale).await?.ok_or(Error::NotFound(Missing::Line))?;
        change.check(line.groups.len())?;
        let action = self.action(by, sale, change.to_string());
        let updated = self.store.update_line(sale, &LineUpdate::Operator(change.clone()), Some(action)).await?;
        let updated = updated.ok_or(Error::NotFound(Missing::Line))?;
        updated.map_err(|flaw| Conflict::LinePhase(flaw).into())
    }

    /// Keeps somebody out of a sale, or lets them in again. Who does not exist is not found; but a bar on them, which is
    /// somebody's slip, can be lifted.
    pub async fn bar(&self, by: UserId, buyer: BuyerKey, barred: bool) -> Result<(), Error> {
        self.store.line(buyer.sale).await?.ok_or(Error::NotFound(Missing::Line))?;
        if self.accounts.user(buyer.user).await?.is_none() && (barred || !self.is_barred(buyer).await?) {
            return Err(Error::NotFound(Missing::User));
        }
        self.bookings.execute(Command::unkeyed(What::Bar(Bar { buyer, barred }))).await?;
        let what = format!("{} {}", if barred { "bar" } else { "unbar" }, buyer.user);
        Ok(self.store.note(&self.action(by, buyer.sale, what)).await?)
    }

    async fn is_barred(&self, buyer: BuyerKey) -> Result<bool, Error> {
        Ok(self.store.whereabouts(buyer).await?.buyer.is_some_and(|buyer| buyer.barred))
    }

    /// The line as it is.
    pub async fn report(&self, sale: SaleId) -> Result<LineReport, Error> {
        let line = self.store.line(sale).await?.ok_or(Error::NotFound(Missing::Line))?;
        let issued = self.issued(&line).await?;
        let figures = self.store.figures(sale, self.clock.now()).await?;
        Ok(LineReport { line, figures, issued })
    }

    /// Who was admitted when, without saying who they are.
    pub async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, Error> {
        self.store.line(sale).await?.ok_or(Error::NotFound(Missing::Line))?;
        Ok(self.store.log(sale, page).await?)
    }

    /// Nobody joins a closed line any more, and the dispenser may have forgotten it.
    async fn issued(&self, line: &Line) -> Result<Vec<u64>, Error> {
        if line.phase == Phase::Closed {
            return Ok(line.groups.iter().map(|group| group.issued).collect());
        }
        Ok(self.dispenser.issued(line.sale, line.groups.len()).await?)
    }

    /// What operators have done to the line, the newest first.
    pub async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, Error> {
        self.store.line(sale).await?.ok_or(Error::NotFound(Missing::Line))?;
        Ok(self.store.actions(sale, page).await?)
    }

    fn action(&self, by: UserId, sale: SaleId, what: String) -> OperatorAction {
        OperatorAction { id: self.ids.id(), by, at: self.clock.now(), sale, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{
        BookingError, EndedFigures, MockAccountRepository, MockBookingStore, MockLineStore, MockNumberDispenser,
        Whereabouts,
    };
    use crate::testing::{at, buyer, clock, ids, line, sale, user};
    use frontrow_domain::waiting_room::NotNow;
    use frontrow_domain::{Buyer, Invalid, Outcome, Rejection, Role, User};

    const NOW: i64 = 100;

    /// There is user 1, and nobody else.
    fn operate(store: MockLineStore, bookings: MockBookingStore) -> OperateLine {
        let kim =
            User { id: user(1), email: "kim@example.com".parse().unwrap(), name: "Kim".into(), role: Role::Customer };
        let mut accounts = MockAccountRepository::new();
        accounts.expect_user().returning(move |id| Ok(Some(kim.clone()).filter(|kim| kim.id == id)));
        OperateLine {
            accounts: Arc::new(accounts),
            store: Arc::new(store),
            dispenser: Arc::new(MockNumberDispenser::new()),
            bookings: Arc::new(bookings),
            ids: ids(),
            clock: clock(NOW),
        }
    }

    /// A store with the line of sale 0.
    fn store() -> MockLineStore {
        let mut store = MockLineStore::new();
        store.expect_line().returning(|id| Ok(Some(line()).filter(|line| line.sale == id)));
        store
    }

    fn change() -> LineChange {
        LineChange { capacity: Some(20), ..LineChange::default() }
    }

    /// By operator 9.
    fn noted(what: &str) -> OperatorAction {
        OperatorAction { id: Uuid::from_u128(1), by: user(9), at: at(NOW), sale: sale(0).id, what: what.to_owned() }
    }

    /// What comes of the change if the store says that.
    async fn change_when(answer: Option<Result<Line, NotNow>>) -> Result<Line, Error> {
        let mut store = store();
        store.expect_update_line().times(1).return_once(move |_, _, _| Ok(answer));
        operate(store, MockBookingStore::new()).change(user(9), sale(0).id, &change()).await
    }

    #[tokio::test]
    async fn a_line_is_changed_and_who_did_it_noted_with_it() {
        let mut store = store();
        store
            .expect_update_line()
            .withf(|id, update, action| {
                let Some(action) = action else { return false };
                (*id, update, action) == (sale(0).id, &LineUpdate::Operator(change()), &noted("capacity 20"))
            })
            .times(1)
            .returning(|_, update, _| Ok(Some(line().update(update))));
        let changed = operate(store, MockBookingStore::new()).change(user(9), sale(0).id, &change()).await;
        assert_eq!(changed.unwrap(), Line { capacity: 20, version: line().version.next(), ..line() });
    }

    #[tokio::test]
    async fn a_change_with_flaws_changes_nothing_and_hears_of_all_of_them() {
        let flawed = LineChange {
            phase: Some(Phase::Lobby),
            capacity: Some(0),
            weights: Some(vec![1]),
            ..LineChange::default()
        };
        let refused = operate(store(), MockBookingStore::new()).change(user(9), sale(0).id, &flawed).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        let found: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        assert_eq!(found, ["/capacity", "/weights", "/phase"]);
    }

    #[tokio::test]
    async fn where_the_line_cant_go_from_where_it_is_is_a_conflict() {
        let not_now = NotNow { from: Phase::Lobby, to: Phase::Paused };
        assert_eq!(change_when(Some(Err(not_now))).await, Err(Conflict::LinePhase(not_now).into()));
        assert_eq!(change_when(None).await, Err(Error::NotFound(Missing::Line)));
    }

    #[tokio::test]
    async fn a_sale_without_a_line_has_nothing_to_operate() {
        let (operate, other) = (operate(store(), MockBookingStore::new()), sale(1).id);
        let missing = Error::NotFound(Missing::Line);
        assert_eq!(operate.change(user(9), other, &change()).await, Err(missing.clone()));
        let buyer = BuyerKey { sale: other, user: user(1) };
        assert_eq!(operate.bar(user(9), buyer, true).await, Err(missing.clone()));
        assert_eq!(operate.report(other).await, Err(missing.clone()));
        assert_eq!(operate.log(other, PageRequest { limit: 10, after: None }).await, Err(missing.clone()));
        assert_eq!(operate.actions(other, PageRequest { limit: 10, after: None }).await, Err(missing));
    }

    #[tokio::test]
    async fn somebody_is_kept_out_or_let_in_again_and_that_is_noted() {
        for (barred, word) in [(true, "bar"), (false, "unbar")] {
            let mut bookings = MockBookingStore::new();
            bookings
                .expect_execute()
                .withf(move |command| *command == Command::unkeyed(What::Bar(Bar { buyer: buyer(1).key, barred })))
                .times(1)
                .returning(|_| Ok(Outcome::Left(buyer(1).key)));
            let mut store = store();
            let noted = noted(&format!("{word} {}", user(1)));
            store.expect_note().withf(move |action| *action == noted).times(1).returning(|_| Ok(()));
            assert_eq!(operate(store, bookings).bar(user(9), buyer(1).key, barred).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found_but_a_bar_on_them_is_lifted() {
        let key = buyer(7).key;
        for (barred, is_barred) in [(true, true), (true, false), (false, false)] {
            let mut store = store();
            let row = Buyer { barred: is_barred, ..Buyer::next(key, None) };
            store.expect_whereabouts().returning(move |_| Ok(Whereabouts { buyer: Some(row), claim: None }));
            let refused = operate(store, MockBookingStore::new()).bar(user(9), key, barred).await;
            assert_eq!(refused, Err(Error::NotFound(Missing::User)), "{barred} {is_barred}");
        }
        let (mut store, mut bookings) = (store(), MockBookingStore::new());
        let row = Buyer { barred: true, ..Buyer::next(key, None) };
        store.expect_whereabouts().returning(move |_| Ok(Whereabouts { buyer: Some(row), claim: None }));
        store.expect_note().times(1).returning(|_| Ok(()));
        bookings.expect_execute().times(1).return_once(move |_| Ok(Outcome::Left(key)));
        assert_eq!(operate(store, bookings).bar(user(9), key, false).await, Ok(()));
    }

    #[tokio::test]
    async fn what_was_not_done_is_not_noted() {
        let mut bookings = MockBookingStore::new();
        bookings.expect_execute().return_once(|_| Err(BookingError::Rejected(Rejection::NotAdmitted)));
        let refused = operate(store(), bookings).bar(user(9), buyer(1).key, true).await;
        assert_eq!(refused, Err(Rejection::NotAdmitted.into()));
    }

    #[tokio::test]
    async fn a_report_says_how_many_joined_stand_at_the_door_and_are_in() {
        let ended = EndedFigures { paid: 3, left: 1, ..EndedFigures::default() };
        let figures = LineFigures { at_door: 3, active: 2, admitted: 7, ended };
        let mut store = store();
        let asked = (sale(0).id, at(NOW));
        store.expect_figures().withf(move |id, now| (*id, *now) == asked).return_once(move |_, _| Ok(figures));
        let mut dispenser = MockNumberDispenser::new();
        let asked = (sale(0).id, 2);
        dispenser.expect_issued().withf(move |id, groups| (*id, *groups) == asked).return_once(|_, _| Ok(vec![31, 4]));
        let operate = OperateLine { dispenser: Arc::new(dispenser), ..operate(store, MockBookingStore::new()) };
        let report = LineReport { line: line(), figures, issued: vec![31, 4] };
        assert_eq!(operate.report(sale(0).id).await, Ok(report));
    }

    #[tokio::test]
    async fn of_a_closed_line_the_dispenser_need_not_know_anything() {
        let mut store = MockLineStore::new();
        let closed = Line { phase: Phase::Closed, ..line() };
        let known = closed.clone();
        store.expect_line().return_once(move |_| Ok(Some(known)));
        store.expect_figures().return_once(|_, _| Ok(LineFigures::default()));
        let report = operate(store, MockBookingStore::new()).report(sale(0).id).await.unwrap();
        assert_eq!((report.line, report.issued), (closed, vec![30, 0]));
    }

    #[tokio::test]
    async fn the_log_is_read_page_by_page() {
        let mut store = store();
        let after = Some((4, 0, 15));
        store
            .expect_log()
            .withf(move |id, page| *id == sale(0).id && *page == PageRequest { limit: 10, after })
            .return_once(|_, _| Ok(Page { items: Vec::new(), next: None }));
        let operate = operate(store, MockBookingStore::new());
        let page = operate.log(sale(0).id, PageRequest { limit: 10, after }).await.unwrap();
        assert_eq!((page.items, page.next), (Vec::new(), None));
    }

    #[tokio::test]
    async fn what_operators_have_done_is_read_page_by_page() {
        let mut store = store();
        let asked = PageRequest { limit: 10, after: Some(Uuid::from_u128(5)) };
        let (expected, page) = (asked.clone(), Page { items: vec![noted("bar x")], next: Some(Uuid::from_u128(1)) });
        let found = page.clone();
        store
            .expect_actions()
            .withf(move |id, asked| (*id, asked) == (sale(0).id, &expected))
            .return_once(move |_, _| Ok(found));
        assert_eq!(operate(store, MockBookingStore::new()).actions(sale(0).id, asked).await, Ok(page));
    }
}
