//! What happens around the queue: seats come and go, performances are postponed and cancelled, dates are moved. And
//! whether the queue goes on as it should.

use super::*;

impl Simulation {
    pub(super) fn turn_world(&mut self) {
        if self.sale.closes <= self.now && self.below(40) == 0 {
            self.sale.closes = sale_with(room()).closes;
            self.save_sale();
        }
        let next = match self.below(3000) {
            0 => Stock::SoldOut,
            1 => Stock::AllHeld,
            2 => Stock::Postponed,
            3 => Stock::Begun,
            4 => Stock::Cancelled,
            _ if matches!(self.offered, Stock::Left(_)) || self.below(40) > 0 => return,
            _ => Stock::Left(5),
        };
        self.note(match next {
            Stock::SoldOut => "all sold",
            Stock::Postponed => "postponed",
            Stock::Begun => "begun",
            Stock::Cancelled => "cancelled",
            Stock::AllHeld => "all held",
            _ => "seats returned",
        });
        self.offered = next;
    }

    /// What a tick knows of it: an instance that has not ticked before doesn't.
    pub(super) fn stock(&mut self) -> Stock {
        if self.below(4) == 0 { Stock::Unknown } else { self.offered }
    }

    /// The sale opens or closes at another time than before, or is put back to what it was.
    pub(super) fn move_dates(&mut self) {
        let soon = self.now + millis(self.below(40_000).into());
        match self.below(4) {
            0 => self.sale.opens = soon,
            1 => self.sale.closes = soon,
            _ => self.sale.closes = sale_with(room()).closes,
        }
        self.save_sale();
    }

    fn save_sale(&mut self) {
        let update = QueueUpdate::Sale { dates: SaleDates::of(&self.sale), at: self.now };
        let next = self.queue().update(&update).unwrap();
        if next != *self.queue() {
            assert!(next.message.as_ref().is_some_and(|message| message.contains("moved")), "{}", self.context);
            self.note("dates moved");
        }
        self.rooms.queues.insert(self.sale.id, next);
    }

    /// What a queue does, by the words of the protocol.
    fn should_move(&self) -> bool {
        let (queue, now) = (self.queue(), self.now.max(self.queue().last_tick));
        let opened = match queue.ordered {
            Some(phase) => matches!(phase, Phase::Open | Phase::Draining),
            None => self.sale.opens <= now,
        };
        opened && now + seconds(10) < self.sale.closes
    }

    /// A queue with people who are checked in, room, and something to sell admits somebody within two seconds, if its rate
    /// allows that. Tried on a copy: people keep coming, and instances keep ticking.
    pub(super) fn check_progress(&mut self) {
        let drawn = self.queue().draw.as_ref().is_none_or(|draw| draw.seed.is_some());
        if !self.should_move() || !drawn {
            return;
        }
        let (mut bookings, mut rooms, mut now) = (self.bookings.clone(), self.rooms.clone(), self.now);
        now = now.max(self.queue().last_tick);
        rooms.check_ins.retain(|key, check_in| {
            let fine = |buyer: &Buyer| {
                !buyer.barred && buyer.admission.is_none() && !buyer.has_used(check_in.group, check_in.number)
            };
            bookings.buyers.get(key).is_none_or(fine)
        });
        if rooms.check_ins.is_empty() || bookings.admissions.len() >= self.queue().capacity as usize {
            return;
        }
        let (before, rate) = (rooms.log.len(), u64::from(self.queue().rate));
        let patience = seconds(2).max(seconds(60 / rate + 2));
        let until = now + patience;
        while rooms.log.len() == before {
            assert!(now <= until, "nobody is admitted within {patience:?}: {:?}: {}", self.queue(), self.context);
            now = now + millis(250);
            rooms.check_ins.values_mut().for_each(|check_in| check_in.seen_at = check_in.seen_at.max(now));
            rooms.tick(&mut bookings, &self.sale, SESSION, Stock::Left(5), now).unwrap();
        }
        self.note("progress");
        if self.queue().phase == Phase::Closed {
            self.note("went on");
        }
    }
}
