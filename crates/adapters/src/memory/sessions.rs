//! Who is logged in.

use super::Memory;
use super::state::{Accounts, KeptSession};
use async_trait::async_trait;
use frontrow_application::port::{
    EndedSession, Ending, RefreshRotation, Rotated, SessionRepository, SessionStart, StoreError,
};
use frontrow_domain::{Instant, RefreshToken, Rotation, Session, SessionId, UserId, rotate};
use std::cmp::Reverse;

#[async_trait]
impl SessionRepository for Memory {
    async fn start(&self, start: &SessionStart) -> Result<Vec<EndedSession>, StoreError> {
        let SessionStart { session, token, password_hash } = start.clone();
        let accounts = &mut self.state().accounts;
        let current = accounts.users.get(&session.user).map(|account| account.password_hash.clone());
        let is_stale = password_hash.is_some() && password_hash != current;
        if is_stale || accounts.sessions.contains_key(&session.id) || accounts.tokens.contains_key(&token.hash) {
            return Err(StoreError::Stale);
        }
        let now = session.started;
        let mut others: Vec<(Instant, SessionId)> =
            accounts.live(session.user, now).map(|other| (other.started, other.id)).collect();
        others.sort_unstable();
        others.truncate((others.len() + 1).saturating_sub(Session::MOST));
        let ended = others.into_iter().filter_map(|(_, id)| accounts.end(id, now)).collect();
        accounts.tokens.insert(token.hash, token);
        accounts.sessions.insert(session.id, KeptSession { session, ended: None });
        Ok(ended)
    }

    async fn rotate(&self, rotation: &RefreshRotation) -> Result<Rotated, StoreError> {
        let accounts = &mut self.state().accounts;
        let Some(shown) = accounts.tokens.get(&rotation.shown).cloned() else { return Ok(Rotated::Refused) };
        let ends = accounts.sessions.get(&shown.session).filter(|kept| kept.ended.is_none());
        let Some(ends) = ends.map(|kept| kept.session.ends) else { return Ok(Rotated::Refused) };
        let given = match rotate(&shown, rotation.now) {
            Rotation::Expired => None,
            Rotation::EndSession => {
                let ended = accounts.end(shown.session, rotation.now);
                return Ok(ended.map_or(Rotated::Refused, |ended| Rotated::Reused { user: shown.user, ended }));
            }
            Rotation::Issue => accounts.issue(rotation, &shown, ends)?,
            Rotation::Repeat => accounts.repeat(rotation, shown.session),
        };
        let Some(given) = given else { return Ok(Rotated::Refused) };
        accounts.note_use(rotation, &given);
        Ok(Rotated::Issued(given))
    }

    async fn end(&self, user: UserId, ending: Ending, now: Instant) -> Result<Vec<EndedSession>, StoreError> {
        Ok(self.state().accounts.end_of(user, ending, now))
    }

    async fn sessions_of(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
        let mut sessions: Vec<Session> = self.state().accounts.live(user, now).cloned().collect();
        sessions.sort_by_key(|session| Reverse((session.started, session.id)));
        Ok(sessions)
    }

    async fn ended_since(&self, since: Instant, now: Instant, limit: u32) -> Result<Vec<EndedSession>, StoreError> {
        let state = self.state();
        let ended = state.accounts.sessions.values().filter_map(KeptSession::ended);
        let mut ended: Vec<_> = ended.filter(|ended| since <= ended.at && now < ended.access_until).collect();
        ended.sort_by_key(|ended| ended.at);
        ended.truncate(limit as usize);
        Ok(ended)
    }
}

impl KeptSession {
    fn ended(&self) -> Option<EndedSession> {
        let Session { id, access_until, .. } = self.session;
        self.ended.map(|at| EndedSession { session: id, at, access_until })
    }
}

impl Accounts {
    fn live(&self, user: UserId, now: Instant) -> impl Iterator<Item = &Session> {
        let living = self.sessions.values().filter(|kept| kept.ended.is_none()).map(|kept| &kept.session);
        living.filter(move |session| session.user == user && now < session.expires)
    }

    /// The first successor, kept.
    fn issue(
        &mut self,
        rotation: &RefreshRotation,
        shown: &RefreshToken,
        ends: Instant,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let Some(hash) = rotation.successors.first().copied() else { return Ok(None) };
        if self.tokens.contains_key(&hash) {
            return Err(StoreError::Stale);
        }
        let token = RefreshToken { hash, expires: rotation.expires.min(ends), replaced: None, ..shown.clone() };
        self.tokens.insert(hash, token.clone());
        if let Some(shown) = self.tokens.get_mut(&shown.hash) {
            shown.replaced = Some(rotation.now);
        }
        Ok(Some(token))
    }

    /// What was issued the first time, by whichever key.
    fn repeat(&self, rotation: &RefreshRotation, session: SessionId) -> Option<RefreshToken> {
        let known = rotation.successors.iter().filter_map(|hash| self.tokens.get(hash));
        known.into_iter().find(|token| token.session == session).cloned()
    }

    /// No instant goes back: the token may not be the newest.
    fn note_use(&mut self, rotation: &RefreshRotation, given: &RefreshToken) {
        if let Some(KeptSession { session, .. }) = self.sessions.get_mut(&given.session) {
            session.last_used = session.last_used.max(rotation.now);
            session.expires = session.expires.max(given.expires);
            session.access_until = session.access_until.max(rotation.access_until.min(given.expires));
        }
    }

    pub fn end_of(&mut self, user: UserId, ending: Ending, now: Instant) -> Vec<EndedSession> {
        let ids: Vec<SessionId> = self.live(user, now).map(|session| session.id).collect();
        ids.into_iter().filter(|id| ending.includes(*id)).filter_map(|id| self.end(id, now)).collect()
    }

    fn end(&mut self, session: SessionId, now: Instant) -> Option<EndedSession> {
        self.tokens.retain(|_, token| token.session != session);
        let kept = self.sessions.get_mut(&session)?;
        kept.ended = Some(now);
        kept.session.expires = kept.session.access_until;
        kept.ended()
    }
}
