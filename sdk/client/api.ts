/**
 * Every route of the API with its query, its body and its answer. Written by scripts/api-types.ts from the server's
 * OpenAPI document; change the routes and run it again.
 */
export interface Api {
  /** Revoke an API key for ever */
  "DELETE /v1/api-keys/{id}": {
    answer: null;
  };
  /** Revoke an endpoint, for good; what it took stays */
  "DELETE /v1/inbound-endpoints/{id}": {
    answer: {
      endpoint_id: string;
      /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
      kind: string;
      name: string;
      /** what it belongs to, as its owner calls it */
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      /** newest first */
      secrets: ({
        secret_id: string;
        created_at: string;
        /** null for the present one; the others are on their way out */
        good_until: string | null;
      })[];
    };
  };
  /** Remove a CSV mapping; the answer is what it was */
  "DELETE /v1/metering/csv-mappings/{name}": {
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  /** Take a rule away; what it held stays held */
  "DELETE /v1/metering/reading-rules/{id}": {
    answer: {
      rule_id: string;
      sku: string | null;
      meter_id: string | null;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold: string | null;
      created_at: string;
    };
  };
  /** End a membership, with its sessions and invitations */
  "DELETE /v1/orgs/{id}/members/{user_id}": {
    answer: null;
  };
  /** Sign out */
  "DELETE /v1/session": {
    answer: null;
  };
  /** Take an endpoint away; its deliveries stay on record */
  "DELETE /v1/webhooks/{id}": {
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
    };
  };
  /** API keys, newest first, those that ended too */
  "GET /v1/api-keys": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        api_key_id: string;
        name: string;
        prefix: string;
        last_four: string;
        scopes: string[];
        /** bound to this organization and all below it; null for the whole tenant */
        org_id: string | null;
        created_by: string;
        created_at: string;
        expires_at: string | null;
        revoked_at: string | null;
        /** to the minute */
        last_used_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Who did what, newest first */
  "GET /v1/audit-entries": {
    query: {
      target_type?: string;
      target_id?: string;
      action?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        audit_id: string;
        /** RFC 3339, UTC */
        at: string;
        actor: {
          kind: "user" | "api_key" | "system";
          id: string;
          name: string | null;
        };
        /** noun.verb, past tense */
        action: string;
        target_type: string;
        target_id: string;
        org_id: string | null;
        before: unknown;
        after: unknown;
        request_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Closed billing cycles with the run that bills each, newest first */
  "GET /v1/billing/cycles": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
    };
    answer: {
      data: ({
        cycle_id: string;
        org_id: string;
        /** local date */
        from: string;
        /** local date, exclusive */
        to: string;
        time_zone: string;
        from_at: string;
        to_at: string;
        closed_at: string;
        /** by itself when it ended, or by a run that was asked for */
        closed_by: "scheduler" | "run";
        run: {
          run_id: string;
          status: "queued" | "running" | "completed" | "failed";
          invoices: number;
          errors: number;
        } | null;
        /** why no run could be requested */
        refusal: {
          code: string;
          detail: string;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Billing cycles that will be closed automatically, soonest first */
  "GET /v1/billing/cycles/upcoming": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
    };
    answer: {
      data: ({
        org_id: string;
        from: string;
        to: string;
        time_zone: string;
        ends_at: string;
        /** its end and the grace */
        closes_at: string;
        /** how often it could not be closed since it was due */
        failures: number;
      })[];
      next_cursor: string | null;
    };
  };
  /** Billing runs, newest first */
  "GET /v1/billing/runs": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        run_id: string;
        from: string;
        to: string;
        org_id: string | null;
        status: "queued" | "running" | "completed" | "failed";
        progress: {
          total: number;
          done: number;
        };
        invoices: number;
        /** subscriptions whose period had been billed before: the run did nothing for them */
        already_billed: number;
        errors: ({
          org_id?: string;
          subscription_id?: string;
          code: string;
          detail: string;
        })[];
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** A billing run with its progress */
  "GET /v1/billing/runs/{id}": {
    answer: {
      run_id: string;
      from: string;
      to: string;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      invoices: number;
      /** subscriptions whose period had been billed before: the run did nothing for them */
      already_billed: number;
      errors: ({
        org_id?: string;
        subscription_id?: string;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Whether cycles are closed and billed automatically */
  "GET /v1/billing/settings": {
    answer: {
      automatic: boolean;
      /** ISO 8601 duration: how long after its end a cycle is closed */
      grace: string;
      from: string | null;
      switched_on_at: string | null;
    };
  };
  /** Business models, newest first */
  "GET /v1/business-models": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        model_id: string;
        code: string;
        name: string;
        status: "active" | "retired";
        version: number;
        currency: string;
        default_plan_id: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** A business model */
  "GET /v1/business-models/{model_id}": {
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  /** Signed checkpoints of the proof log, newest first */
  "GET /v1/checkpoints": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        tenant_id: string;
        size: number;
        /** 64 hexadecimal digits */
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      })[];
      next_cursor: string | null;
    };
  };
  /** Two checkpoints by size, and the proof that the later log begins with the earlier */
  "GET /v1/checkpoints/consistency": {
    query: {
      from: number;
      to: number;
    };
    answer: {
      from: {
        tenant_id: string;
        size: number;
        /** 64 hexadecimal digits */
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      };
      to: {
        tenant_id: string;
        size: number;
        /** 64 hexadecimal digits */
        root: string;
        signed_at: string;
        kid: string;
        jws: string;
        previous_size: number | null;
        consistency: string[];
      };
      path: string[];
    };
  };
  /** Commission rates, in order of tier and SKU */
  "GET /v1/commission-rates": {
    query: {
      limit?: number;
      cursor?: string;
      partner_tier?: string;
      sku?: string;
    };
    answer: {
      data: ({
        partner_tier: string;
        sku: string;
        /** decimal text */
        pct: string;
        updated_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Credit notes, newest number first */
  "GET /v1/credit-notes": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      invoice_id?: string;
    };
    answer: {
      data: ({
        credit_note_id: string;
        number: string;
        kind: "correction" | "rebill";
        invoice_id: string;
        invoice_number: string;
        org_id: string;
        org_name: string;
        currency: string;
        total: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        reason: string;
        /** the invoice was paid before: the amount is owed to the payer */
        after_payment: boolean;
        issued_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** A credit note with its lines */
  "GET /v1/credit-notes/{id}": {
    answer: {
      credit_note_id: string;
      number: string;
      kind: "correction" | "rebill";
      invoice_id: string;
      invoice_number: string;
      org_id: string;
      org_name: string;
      currency: string;
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      reason: string;
      /** the invoice was paid before: the amount is owed to the payer */
      after_payment: boolean;
      issued_at: string;
      lines: ({
        line_id: string;
        invoice_line_id: string;
        description: string;
        sku: string | null;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** what of the invoice's line stood after this note */
        left: {
          /** decimal text */
          amount: string;
          currency: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** The credit note as PDF */
  "GET /v1/credit-notes/{id}.pdf": {
    answer: null;
  };
  /** All that is needed to verify the credit note offline */
  "GET /v1/credit-notes/{id}/bundle": {
    answer: null;
  };
  /** What happened, newest first, with the state of its delivery */
  "GET /v1/events": {
    query: {
      type?: string;
      aggregate_id?: string;
      correlation_id?: string;
      status?: "pending" | "published" | "routed" | "dead";
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        /** who set it off, where that is known */
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        /** routed: every reaction to it has had its effect; dead: given up, with last_error */
        status: "pending" | "published" | "routed" | "dead";
        /** failures at the stage that it is in */
        attempts: number;
        /** dense per tenant; null until published */
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Events as they are published, in order of position, as server-sent events */
  "GET /v1/events/stream": {
    query: {
      /** send what was published after this position; without it, what comes from now on */
      after?: string;
      type?: string;
      /** false: end when all that is there was sent */
      follow?: "true" | "false";
    };
    answer: string;
  };
  /** One event, with the reactions that had their effect and what it caused */
  "GET /v1/events/{event_id}": {
    answer: {
      event_id: string;
      type: string;
      version: number;
      source: string;
      aggregate_type: string;
      aggregate_id: string;
      org_id: string | null;
      data: Record<string, unknown>;
      /** who set it off, where that is known */
      metadata: Record<string, unknown>;
      correlation_id: string;
      causation_id: string | null;
      /** routed: every reaction to it has had its effect; dead: given up, with last_error */
      status: "pending" | "published" | "routed" | "dead";
      /** failures at the stage that it is in */
      attempts: number;
      /** dense per tenant; null until published */
      position: string | null;
      created_at: string;
      published_at: string | null;
      routed_at: string | null;
      last_error: string | null;
      /** that had their effect, each once */
      reactions: ({
        reaction: string;
        at: string;
      })[];
      /** the first hundred events whose cause it is */
      caused: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        /** who set it off, where that is known */
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        /** routed: every reaction to it has had its effect; dead: given up, with last_error */
        status: "pending" | "published" | "routed" | "dead";
        /** failures at the stage that it is in */
        attempts: number;
        /** dense per tenant; null until published */
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
      })[];
    };
  };
  /** Everything of the event's correlation, oldest first */
  "GET /v1/events/{event_id}/tree": {
    answer: {
      correlation_id: string;
      data: ({
        event_id: string;
        type: string;
        version: number;
        source: string;
        aggregate_type: string;
        aggregate_id: string;
        org_id: string | null;
        data: Record<string, unknown>;
        /** who set it off, where that is known */
        metadata: Record<string, unknown>;
        correlation_id: string;
        causation_id: string | null;
        /** routed: every reaction to it has had its effect; dead: given up, with last_error */
        status: "pending" | "published" | "routed" | "dead";
        /** failures at the stage that it is in */
        attempts: number;
        /** dense per tenant; null until published */
        position: string | null;
        created_at: string;
        published_at: string | null;
        routed_at: string | null;
        last_error: string | null;
        /** that had their effect, each once */
        reactions: ({
          reaction: string;
          at: string;
        })[];
      })[];
      /** false where there are more than a thousand */
      complete: boolean;
    };
  };
  /** Endpoints, newest first */
  "GET /v1/inbound-endpoints": {
    query: {
      kind?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        endpoint_id: string;
        /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
        kind: string;
        name: string;
        /** what it belongs to, as its owner calls it */
        reference: string | null;
        enabled: boolean;
        revoked_at: string | null;
        created_at: string;
        /** newest first */
        secrets: ({
          secret_id: string;
          created_at: string;
          /** null for the present one; the others are on their way out */
          good_until: string | null;
        })[];
      })[];
      next_cursor: string | null;
    };
  };
  /** An endpoint, with when its secrets end */
  "GET /v1/inbound-endpoints/{id}": {
    answer: {
      endpoint_id: string;
      /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
      kind: string;
      name: string;
      /** what it belongs to, as its owner calls it */
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      /** newest first */
      secrets: ({
        secret_id: string;
        created_at: string;
        /** null for the present one; the others are on their way out */
        good_until: string | null;
      })[];
    };
  };
  /** Messages that were verified, newest first, with what became of them */
  "GET /v1/inbound-webhooks": {
    query: {
      endpoint_id?: string;
      status?: "received" | "processed" | "ignored" | "failed" | "dead";
      type?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        inbound_webhook_id: string;
        endpoint_id: string;
        kind: string;
        /** what it counts once by: the sender’s id of it */
        message_id: string;
        type: string | null;
        status: "received" | "processed" | "ignored" | "failed" | "dead";
        attempts: number;
        next_attempt_at: string | null;
        received_at: string;
        signed_at: string;
        /** which secret of the endpoint signed it */
        secret_id: string | null;
        finished_at: string | null;
        last_error: {
          code: string;
          status: number;
          title: string;
          detail?: string;
          errors?: ({
            pointer: string;
            code: string;
            detail: string;
          })[];
        } | null;
        /** null once the body was let go */
        body_bytes: number | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** A message with its headers and its body */
  "GET /v1/inbound-webhooks/{id}": {
    answer: {
      inbound_webhook_id: string;
      endpoint_id: string;
      kind: string;
      /** what it counts once by: the sender’s id of it */
      message_id: string;
      type: string | null;
      status: "received" | "processed" | "ignored" | "failed" | "dead";
      attempts: number;
      next_attempt_at: string | null;
      received_at: string;
      signed_at: string;
      /** which secret of the endpoint signed it */
      secret_id: string | null;
      finished_at: string | null;
      last_error: {
        code: string;
        status: number;
        title: string;
        detail?: string;
        errors?: ({
          pointer: string;
          code: string;
          detail: string;
        })[];
      } | null;
      /** null once the body was let go */
      body_bytes: number | null;
      headers: Record<string, string>;
      /** hexadecimal */
      body_sha256: string;
      body_base64: string | null;
      /** the same where it is UTF-8 */
      body_text: string | null;
      /** what the sender was answered, where it waited for it */
      answer: unknown;
    };
  };
  /** Invoices, newest number first */
  "GET /v1/invoices": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      status?: "draft" | "open" | "paid" | "void" | "uncollectible";
      run_id?: string;
    };
    answer: {
      data: ({
        invoice_id: string;
        number: string;
        org_id: string;
        org_name: string;
        status: "draft" | "open" | "paid" | "void" | "uncollectible";
        currency: string;
        /** local dates, half-open, in the organization's time zone */
        period: {
          from: string;
          to: string;
        };
        total: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** the sum of its credit notes */
        credited: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** what is still to be paid; below zero, what is to be given back */
        balance: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        issued_at: string;
        due_at: string;
        paid_at: string | null;
        voided_at: string | null;
        /** when nobody was expected to pay it any more; stays when it is paid or void after all */
        uncollectible_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** An invoice with its lines */
  "GET /v1/invoices/{id}": {
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      /** local dates, half-open, in the organization's time zone */
      period: {
        from: string;
        to: string;
      };
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** the sum of its credit notes */
      credited: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** what is still to be paid; below zero, what is to be given back */
      balance: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      /** when nobody was expected to pay it any more; stays when it is paid or void after all */
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        /** decimal text */
        quantity: string;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** decimal text */
        amount_exact: string;
        credited: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** The invoice as PDF */
  "GET /v1/invoices/{id}.pdf": {
    answer: null;
  };
  /** All that is needed to verify the invoice offline */
  "GET /v1/invoices/{id}/bundle": {
    answer: null;
  };
  /** How a line came to its amount */
  "GET /v1/invoices/{id}/lines/{line_id}/explanation": {
    answer: {
      line_id: string;
      steps: (Record<string, unknown>)[];
      amount: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** decimal text */
      amount_exact: string;
      /** decimal text */
      quantity: string;
      rounding: {
        mode: string;
        /** amount − amount_exact */
        amount: string;
      };
      price_version: {
        price_version_id: string | null;
        version: number | null;
        price: Record<string, unknown>;
      };
      inputs: Record<string, unknown>;
      inputs_hash: string;
      usage: {
        count: number;
        /** decimal text */
        sum: string;
        root: string;
        events: (Record<string, unknown>)[];
        more: boolean;
      } | null;
    };
  };
  /** Ledger lines, newest first; from and to compare with created_at */
  "GET /v1/ledger/lines": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      sku?: string;
      status?: "pending" | "settled" | "reversed";
      from?: string;
      to?: string;
    };
    answer: {
      data: ({
        entry_id: string;
        org_id: string;
        project_id: string | null;
        /** null for a plan's base fee */
        sku: string | null;
        /** decimal text */
        quantity: string;
        /** before rounding */
        amount_exact: string;
        amount_gross: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        partner_id: string | null;
        /** decimal text */
        partner_pct: string;
        partner_amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        net: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        status: "pending" | "settled" | "reversed";
        charge_id: string | null;
        invoice_id: string | null;
        /** null for a charge outside a cycle */
        period: {
          from: string;
          to: string;
        } | null;
        /** the entry that this one takes back, in part or whole */
        corrects: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Debits and credits by kind of account and currency, up to and including a moment; now unless told */
  "GET /v1/ledger/trial-balance": {
    query: {
      at?: string;
    };
    answer: {
      at: string;
      data: ({
        kind: string;
        currency: string;
        /** decimal text */
        debit: string;
        /** decimal text */
        credit: string;
        /** decimal text */
        balance: string;
      })[];
      totals: ({
        currency: string;
        /** decimal text */
        debit: string;
        /** decimal text */
        credit: string;
      })[];
    };
  };
  /** Saved CSV mappings, by name */
  "GET /v1/metering/csv-mappings": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        mapping_id: string;
        name: string;
        definition: {
          delimiter: "," | ";" | "\t" | "|";
          encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
          decimal_mark: "." | ",";
          /** lines above the header, or above the rows where there is none */
          skip_lines: number;
          header: boolean;
          meter: {
            column: string | number;
          } | {
            value: string;
          };
          register: {
            column: string | number;
          } | {
            value: string;
          };
          /** slug or id of the organization that the meter must be occupied by */
          org?: {
            column: string | number;
          } | {
            value: string;
          };
          unit: {
            column: string | number;
          } | {
            value: string;
          };
          /** by the register’s letter unless given: E import, B export */
          flow?: "import" | "export";
          commodity: "electricity" | "gas" | "water" | "heat";
          time: {
            /** a date and a time in two columns are read as one text with a space */
            columns: (string | number)[];
            /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
            format: string;
            zone?: string;
            /** which end of its interval a time names */
            marks: "start" | "end";
            /** an hour that comes twice when clocks go back */
            overlap: "in_order" | "earlier" | "later" | "refuse";
          };
          interval_minutes: number;
          quantity: {
            column: string | number;
          } | {
            first_column: string | number;
            columns: number;
            /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
            counts: "clock" | "elapsed";
          };
          quality: {
            value: "A" | "S" | "F" | "E" | "N" | "V";
          } | {
            column: string | number;
            map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
            otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
          };
        };
        created_at: string;
        updated_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** One CSV mapping */
  "GET /v1/metering/csv-mappings/{name}": {
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  /** One deprecation and how far it has come */
  "GET /v1/metering/deprecations/{id}": {
    answer: {
      deprecation_id: string;
      org_id: string;
      sku: string;
      from: string;
      to: string;
      reason: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      status: "running" | "completed";
      /** time of the last event that was looked at */
      reached: string | null;
      /** events that it took back */
      voided: number;
      /** events that had been taken back before */
      corrected_before: number;
      /** events of a closed period whose SKU rejects what comes late */
      refused: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Usage events, newest first: of one organization by time, of all by arrival */
  "GET /v1/metering/events": {
    query: {
      org_id?: string;
      sku?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        /** request_id of the event that this counter-event takes back */
        voids: string | null;
        /** request_id of the event in whose place this one stands */
        amends: string | null;
        /** 64 hexadecimal digits */
        leaf: string;
        received_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** One usage event, what took it back and what stands in its place */
  "GET /v1/metering/events/{request_id}": {
    answer: {
      event_id: string;
      request_id: string;
      org_id: string;
      project_id: string | null;
      sku: string;
      quantity: string | null;
      amount: string | null;
      properties: Record<string, unknown> | null;
      time: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      metadata: Record<string, unknown> | null;
      /** request_id of the event that this counter-event takes back */
      voids: string | null;
      /** request_id of the event in whose place this one stands */
      amends: string | null;
      /** 64 hexadecimal digits */
      leaf: string;
      received_at: string;
      /** true where the event is no counter-event and was not taken back */
      stands: boolean;
      /** request_id of the counter-event that took it back */
      voided_by: string | null;
      /** request_id of the event that stands in its place */
      amended_by: string | null;
      /** why it was taken back */
      reason: string | null;
    };
  };
  /** Gateways, newest first */
  "GET /v1/metering/gateways": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        gateway_id: string;
        name: string;
        old_secret_until: string | null;
        revoked_at: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Imports, newest first */
  "GET /v1/metering/imports": {
    query: {
      org_id?: string;
      status?: "queued" | "running" | "completed" | "rejected" | "failed";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        import_id: string;
        filename: string;
        sha256: string;
        bytes: number;
        format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
        on_error: "reject" | "keep_good";
        org_id: string | null;
        mapping: string | null;
        status: "queued" | "running" | "completed" | "rejected" | "failed";
        progress: {
          bytes_done: number;
          bytes_total: number;
          rows_done: number;
        };
        totals: {
          lines: number;
          accepted: number;
          duplicates: number;
          rejected: number;
          unmapped: number;
          missing: number;
          held: number;
          quantities: Record<string, string>;
        };
        error_count: number;
        same_as: string | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** One import: its progress, its totals, its errors by line */
  "GET /v1/metering/imports/{id}": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      import_id: string;
      filename: string;
      sha256: string;
      bytes: number;
      format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
      on_error: "reject" | "keep_good";
      org_id: string | null;
      mapping: string | null;
      status: "queued" | "running" | "completed" | "rejected" | "failed";
      progress: {
        bytes_done: number;
        bytes_total: number;
        rows_done: number;
      };
      totals: {
        lines: number;
        accepted: number;
        duplicates: number;
        rejected: number;
        unmapped: number;
        missing: number;
        held: number;
        quantities: Record<string, string>;
      };
      error_count: number;
      same_as: string | null;
      created_at: string;
      finished_at: string | null;
      errors: ({
        line: number;
        code: string;
        detail: string;
      })[];
      notes: ({
        line: number;
        code: string;
        detail: string;
      })[];
      /** of the errors */
      next_cursor: string | null;
    };
  };
  /** A photo as it was sent */
  "GET /v1/metering/photos/{id}": {
    answer: unknown;
  };
  /** Rules for readings, newest first */
  "GET /v1/metering/reading-rules": {
    query: {
      sku?: string;
      meter_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        rule_id: string;
        sku: string | null;
        meter_id: string | null;
        kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        action: "accept_and_flag" | "hold";
        threshold: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Readings of a meter that count or are held, latest first; with state, only those */
  "GET /v1/metering/readings": {
    query: {
      meter_id: string;
      register?: string;
      state?: "counted" | "held" | "superseded" | "rejected";
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** One replay and what came of it */
  "GET /v1/metering/replays/{id}": {
    answer: {
      replay_id: string;
      origin: "file" | "store";
      /** of the file, hexadecimal */
      sha256: string | null;
      org_id: string | null;
      sku: string | null;
      from: string | null;
      to: string | null;
      status: "running" | "completed";
      /** stored now */
      accepted: number;
      /** stored before with the same body, whatever its source */
      duplicates: number;
      rejected: number;
      /** the first hundred */
      rejections: ({
        /** of the file; null from the store */
        line: number | null;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Readings that are held until somebody decides, and what was decided; newest first */
  "GET /v1/metering/reviews": {
    query: {
      status?: "open" | "accepted" | "corrected" | "rejected";
      meter_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        review_id: string;
        status: "open" | "accepted" | "corrected" | "rejected";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
        reading: {
          reading_id: string;
          meter_id: string;
          register: string;
          time: string;
          /** decimal text */
          value: string;
          quality: "actual" | "estimated" | "substituted" | "final" | "customer";
          state: "counted" | "held" | "superseded" | "rejected";
          source: "manual" | "gateway" | "import" | "estimate";
          is_last: boolean;
          flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
          photo_id: string | null;
          created_by: {
            kind: string;
            id: string;
            name?: string;
          } | null;
          created_at: string;
          usage: {
            request_id: string;
            org_id: string;
            sku: string;
            /** decimal text */
            quantity: string;
            time: string;
            refusal: string | null;
          } | null;
        };
        identifier: string;
        unit: string;
        before: {
          time: string;
          /** decimal text */
          value: string;
        } | null;
        note: string | null;
        corrected_by: string | null;
        decided_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        decided_at: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Usage by hour, local day or month, everything acknowledged included */
  "GET /v1/metering/usage": {
    query: {
      org_id?: string;
      /** true: with every organization below */
      include_descendants?: "true" | "false";
      sku?: string;
      project_id?: string;
      /** a local date or an RFC 3339 time */
      from: string;
      /** exclusive */
      to: string;
      window?: "hour" | "day" | "month";
      /** sku, org_id, project_id and, with sku, its dimensions; separated by commas */
      group_by?: string;
      /** dimension=value; again for another dimension, or for another value that will do */
      where?: string | string[];
    };
    answer: {
      data: ({
        /** first moment of the window in the organization’s time zone */
        start: string;
        org_id?: string;
        sku?: string;
        project_id?: string | null;
        /** the values that `group_by` asked for, as text; null where the event has none */
        dimensions?: Record<string, string | null>;
        /** what the SKU’s own aggregation makes of the window; null where a point is of several SKUs or, for latest and weighted_sum, of several organizations */
        value: string | null;
        count: number;
        /** decimal text */
        quantity: string;
        quantity_max: string | null;
        quantity_min: string | null;
        amount: string | null;
      })[];
      /** every event acknowledged until then is in the answer */
      as_of: string;
      /** the transaction id that the rollups had reached; what came later was added from events */
      watermark: string;
    };
  };
  /** How far the usage of each organization, SKU and period has come, newest first */
  "GET /v1/metering/usage-states": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      sku?: string;
      state?: "reported" | "rated" | "billed" | "voided";
    };
    answer: {
      data: ({
        usage_state_id: string;
        org_id: string;
        sku: string;
        subscription_id: string;
        /** half-open: a service period of the subscription */
        period: {
          from: string;
          to: string;
        };
        state: "reported" | "rated" | "billed" | "voided";
        /** the charge that rated it last */
        charge_id: string | null;
        /** the invoice that billed it last */
        invoice_id: string | null;
        /** why it could not be rated, or not again */
        problem: {
          code: string;
          detail: string;
        } | null;
        changed_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Meters, newest first; with search, those whose identifier or site is called something like it */
  "GET /v1/meters": {
    query: {
      site_id?: string;
      search?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        meter_id: string;
        site_id: string;
        identifier: string;
        sku: string;
        registers: ({
          register: string;
          sku: string;
          unit: string;
          direction: "import" | "export";
          kind: "interval" | "cumulative";
          every_minutes: number | null;
          digits: number | null;
          /** decimal text */
          multiplier: string;
        })[];
        devices: ({
          register: string;
          installed_at: string;
          serial: string | null;
          digits: number | null;
          /** decimal text */
          multiplier: string;
        })[];
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** One meter */
  "GET /v1/meters/{id}": {
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  /** What was used of a register: by local day where it has intervals, else between its reads; at most 400 days */
  "GET /v1/meters/{id}/consumption": {
    query: {
      register: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        from: string;
        to: string;
        /** decimal text */
        quantity: string;
        by_quality: ({
          quality: "actual" | "estimated" | "substituted" | "final" | "customer";
          /** decimal text */
          quantity: string;
        })[];
        missing: number;
      })[];
    };
  };
  /** Where readings of a meter are missing, of registers of which it is known how often they should be read; at most 400 days */
  "GET /v1/meters/{id}/gaps": {
    query: {
      register?: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        register: string;
        from: string;
        to: string;
        missing: number;
      })[];
    };
  };
  /** Organizations, newest first */
  "GET /v1/orgs": {
    query: {
      q?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        billing_email: string;
        /** IANA name */
        default_timezone: string;
        /** ISO 4217 */
        currency: string | null;
        parent_org_id: string | null;
        partner_tier: string | null;
        tax_id: string | null;
        visibility: "private" | "partners" | "public";
        /** true for the tenant's own organization */
        is_own: boolean;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** One organization */
  "GET /v1/orgs/{id}": {
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      /** IANA name */
      default_timezone: string;
      /** ISO 4217 */
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      /** true for the tenant's own organization */
      is_own: boolean;
      created_at: string;
    };
  };
  /** The business model and plan of an organization */
  "GET /v1/orgs/{id}/business-model": {
    answer: {
      assignment_id: string;
      org_id: string;
      model_id: string;
      plan_id: string;
      subscription_id: string;
      effective_at: string;
      assigned_by: string;
      assigned_at: string;
      notes: string | null;
    };
  };
  /** The organizations right below one, newest first */
  "GET /v1/orgs/{id}/children": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        billing_email: string;
        /** IANA name */
        default_timezone: string;
        /** ISO 4217 */
        currency: string | null;
        parent_org_id: string | null;
        partner_tier: string | null;
        tax_id: string | null;
        visibility: "private" | "partners" | "public";
        /** true for the tenant's own organization */
        is_own: boolean;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Subscriptions of an organization, newest first */
  "GET /v1/orgs/{id}/entitlements": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        subscription_id: string;
        org_id: string;
        plan_id: string;
        plan_name: string;
        overrides: Record<string, unknown>;
        effective_at: string;
        ended_at: string | null;
        billed_until: string | null;
        status: "scheduled" | "active" | "ended";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** The members of an organization */
  "GET /v1/orgs/{id}/members": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        user_id: string;
        org_id: string;
        email: string;
        name: string;
        role: "admin" | "finance" | "technical" | "user";
        status: "active" | "pending";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Partners of record, newest first */
  "GET /v1/partners-of-record": {
    query: {
      limit?: number;
      cursor?: string;
      org_id?: string;
      partner_id?: string;
    };
    answer: {
      data: ({
        partner_of_record_id: string;
        org_id: string;
        /** an organization with a partner tier */
        partner_id: string;
        start_at: string;
        end_at: string | null;
        status: "active" | "expired" | "disputed";
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Plans, newest first */
  "GET /v1/plans": {
    query: {
      limit?: number;
      cursor?: string;
      model_id?: string;
    };
    answer: {
      data: ({
        plan_id: string;
        model_id: string;
        name: string;
        tier: string | null;
        status: "active" | "retired";
        notes: string | null;
        /** per billing interval; null without a base fee */
        base_amount: string | null;
        /** ISO 8601 calendar interval, such as P1M */
        billing_interval: string;
        /** of the business model */
        currency: string;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** A plan with its SKUs and their current prices */
  "GET /v1/plans/{plan_id}": {
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      /** per billing interval; null without a base fee */
      base_amount: string | null;
      /** ISO 8601 calendar interval, such as P1M */
      billing_interval: string;
      /** of the business model */
      currency: string;
      created_at: string;
      skus: ({
        price_version_id: string;
        plan_id: string;
        sku: string;
        version: number;
        price: Record<string, unknown>;
        /** SHA-256 of the canonical JSON of the price */
        price_hash: string;
        created_at: string;
        created_by: string;
        /** the draft whose publication made it */
        draft_id: string | null;
        included_qty: string | null;
        overage_price: string | null;
        tiers: (Record<string, unknown>)[] | null;
        type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
        unit: string;
      })[];
    };
  };
  /** What a plan demands before its prices change */
  "GET /v1/plans/{plan_id}/publish-policy": {
    answer: {
      plan_id: string;
      require_backtest: {
        /** of the revenue of all months together */
        max_increase_percent: string | null;
        /** above which an organization counts as over */
        max_org_increase_percent: string | null;
        /** percent of the organizations that may be over; null is none */
        max_share_over: string | null;
        /** how many months it covers at least */
        months: number;
      } | null;
    };
  };
  /** Versions of a price, newest first */
  "GET /v1/plans/{plan_id}/skus/{sku}/versions": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        price_version_id: string;
        plan_id: string;
        sku: string;
        version: number;
        price: Record<string, unknown>;
        /** SHA-256 of the canonical JSON of the price */
        price_hash: string;
        created_at: string;
        created_by: string;
        /** the draft whose publication made it */
        draft_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Backtests, newest first */
  "GET /v1/pricing/backtests": {
    query: {
      limit?: number;
      cursor?: string;
      plan_id?: string;
      draft_id?: string;
    };
    answer: {
      data: ({
        backtest_id: string;
        plan_id: string;
        draft_id: string | null;
        compare_draft_id: string | null;
        /** of the draft as it was tried */
        content_hash: string;
        currency: string;
        from: string;
        to: string;
        months: string[];
        org_ids: string[] | null;
        /** decimal text */
        over_percent: string;
        status: "queued" | "running" | "completed" | "failed" | "cancelled";
        /** organization-months */
        progress: {
          done: number;
          total: number;
        };
        problem: {
          code: string;
          detail: string;
        } | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** A backtest with its progress, and its summary when it is completed */
  "GET /v1/pricing/backtests/{id}": {
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      /** of the draft as it was tried */
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      /** decimal text */
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      /** organization-months */
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          /** null is the base fee */
          sku: string | null;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        /** could not be rated, and are in no other figure */
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** What a backtest comes to for each organization */
  "GET /v1/pricing/backtests/{id}/organizations": {
    query: {
      limit?: number;
      cursor?: string;
      sort?: "change" | "-change" | "percent" | "-percent" | "before" | "-before" | "draft" | "-draft";
    };
    answer: {
      data: ({
        org_id: string;
        legal_name: string;
        org_slug: string;
        /** before is what was billed, or what the live prices make of the usage */
        basis: "billed" | "rated" | "mixed";
        before: {
          amount: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
        } | null;
        draft: {
          amount: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
        } | null;
        compare: {
          amount: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
        } | null;
        months: ({
          month: string;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        fault: {
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        } | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** The same as CSV, all of it */
  "GET /v1/pricing/backtests/{id}/organizations.csv": {
    answer: null;
  };
  /** Price drafts, newest first */
  "GET /v1/pricing/drafts": {
    query: {
      limit?: number;
      cursor?: string;
      plan_id?: string;
      status?: "draft" | "published" | "discarded";
    };
    answer: {
      data: ({
        draft_id: string;
        plan_id: string;
        name: string;
        status: "draft" | "published" | "discarded";
        /** null where the plan’s base fee stays */
        base_amount: string | null;
        skus: Record<string, Record<string, unknown>>;
        /** SHA-256 over plan, base amount and prices */
        content_hash: string;
        created_at: string;
        created_by: string;
        updated_at: string;
        published_at: string | null;
        published_by: string | null;
        /** the passed backtest that publishing stood on */
        backtest_id: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** A price draft */
  "GET /v1/pricing/drafts/{draft_id}": {
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      /** null where the plan’s base fee stays */
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      /** SHA-256 over plan, base amount and prices */
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      /** the passed backtest that publishing stood on */
      backtest_id: string | null;
    };
  };
  /** What publishing a draft would change in its plan as it is now */
  "GET /v1/pricing/drafts/{draft_id}/differences": {
    answer: {
      draft_id: string;
      plan_id: string;
      currency: string;
      base_amount: {
        before: string | null;
        after: string | null;
      };
      differences: ({
        sku: string;
        change: "added" | "changed";
        before: Record<string, unknown> | null;
        after: Record<string, unknown>;
      })[];
    };
  };
  /** What publishing a draft needs, and which of its backtests meet it */
  "GET /v1/pricing/drafts/{draft_id}/publication": {
    answer: {
      draft_id: string;
      plan_id: string;
      demand: Record<string, unknown> | null;
      may_publish: boolean;
      /** the newest that passes */
      backtest_id: string | null;
      backtests: ({
        backtest_id: string;
        finished_at: string;
        passed: boolean;
        reasons: ({
          code: string;
          detail: string;
        })[];
      })[];
    };
  };
  /** Projects, newest first */
  "GET /v1/projects": {
    query: {
      org_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        project_id: string;
        org_id: string;
        name: string;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** Receipts of the proof log, newest first */
  "GET /v1/receipts": {
    query: {
      kind?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        tenant_id: string;
        seq: number;
        kind: string;
        subject_id: string;
        /** 64 hexadecimal digits */
        payload_hash: string;
        /** 64 hexadecimal digits */
        prev_hash: string;
        issued_at: string;
        /** 64 hexadecimal digits */
        hash: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** The receipts of one document, by the document’s id, each with its inclusion proof */
  "GET /v1/receipts/{id}": {
    answer: {
      data: ({
        receipt: {
          tenant_id: string;
          seq: number;
          kind: string;
          subject_id: string;
          /** 64 hexadecimal digits */
          payload_hash: string;
          /** 64 hexadecimal digits */
          prev_hash: string;
          issued_at: string;
          /** 64 hexadecimal digits */
          hash: string;
        };
        inclusion: {
          path: string[];
          previous_path: string[];
        } | null;
        checkpoint: string | null;
      })[];
    };
  };
  /** Replays, newest first */
  "GET /v1/replays": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        replay_id: string;
        selection: {
          from?: string;
          to?: string;
          types?: string[];
          aggregate_type?: string;
          aggregate_id?: string;
          org_id?: string;
          correlation_id?: string;
          event_ids?: string[];
          dead_only?: boolean;
        };
        dry_run: boolean;
        rate_per_second: number;
        reason: string | null;
        status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
        /** events */
        progress: {
          total: number;
          done: number;
        };
        /** of a dry run */
        forecast: {
          events: number;
          by_type: ({
            type: string;
            events: number;
            dead: number;
            reactions: ({
              reaction: string;
              /** events that took effect before: nothing happens */
              had: number;
              would_run: number;
            })[];
          })[];
          /** ids of the first events */
          sample: string[];
        } | null;
        problem: {
          code: string;
          detail: string;
        } | null;
        requested_by: string;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Verifications, newest first */
  "GET /v1/replays/verifications": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        verification_id: string;
        from: string | null;
        to: string | null;
        org_id: string | null;
        status: "queued" | "running" | "completed" | "failed";
        /** invoices */
        progress: {
          total: number;
          done: number;
        };
        checked: {
          invoices: number;
          lines: number;
          credit_notes: number;
          billed_periods: number;
          /** charges outside cycles */
          actions: number;
          /** usage events read, each as often as a line is over it */
          events: number;
        };
        differences: number;
        problem: {
          code: string;
          detail: string;
        } | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** A verification with its progress, and how many differences it found */
  "GET /v1/replays/verifications/{id}": {
    answer: {
      verification_id: string;
      from: string | null;
      to: string | null;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      /** invoices */
      progress: {
        total: number;
        done: number;
      };
      checked: {
        invoices: number;
        lines: number;
        credit_notes: number;
        billed_periods: number;
        /** charges outside cycles */
        actions: number;
        /** usage events read, each as often as a line is over it */
        events: number;
      };
      differences: number;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** What does not come to the same again, each line once with all of its fields */
  "GET /v1/replays/verifications/{id}/differences": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        subject: "invoice_line" | "invoice" | "credit_note_line" | "credit_note" | "billed_period" | "action";
        /** number of the invoice or credit note; null for a charge outside a cycle */
        document: string | null;
        org_id: string;
        /** place on the document, from 1 */
        line: number | null;
        sku: string | null;
        /** of the line, document, period or charge */
        subject_id: string;
        fields: ({
          field: string;
          expected: string | null;
          found: string | null;
          /** charge, invoice line, document, ledger line, books, … */
          in: string[];
        })[];
        /** request ids of usage events whose content is not what was received; the first ten */
        events: string[];
      })[];
      next_cursor: string | null;
    };
  };
  /** A replay with its progress, or what a dry run foresees */
  "GET /v1/replays/{id}": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      /** events */
      progress: {
        total: number;
        done: number;
      };
      /** of a dry run */
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            /** events that took effect before: nothing happens */
            had: number;
            would_run: number;
          })[];
        })[];
        /** ids of the first events */
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** What fell due and what became of it, newest first; kept for 30 days */
  "GET /v1/scheduler/runs": {
    query: {
      limit?: number;
      cursor?: string;
      name?: string;
    };
    answer: {
      data: ({
        name: string;
        due_at: string;
        enqueued_at: string;
        started_at: string | null;
        attempts: number;
        finished_at: string | null;
        /** null while it waits, runs or is tried again; superseded where the next fell due before it was begun */
        outcome: "done" | "failed" | "superseded" | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** What recurs, and when next, by the wall clock */
  "GET /v1/scheduler/schedules": {
    answer: {
      data: ({
        name: string;
        /** a crontab line's five fields, in UTC */
        cron: string;
        /** after a downtime: the latest missed due time is run, or none */
        catch_up: "once" | "none";
        since: string;
        /** the latest due time that was looked at; null before the first */
        last_due_at: string | null;
        next_due_at: string;
      })[];
    };
  };
  /** Who is signed in */
  "GET /v1/session": {
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      /** goes back as X-CSRF-Token with every write */
      csrf_token: string;
    };
  };
  /** Sites, newest first; with org_id, those that the organization occupies, has occupied or will */
  "GET /v1/sites": {
    query: {
      org_id?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        site_id: string;
        name: string;
        address: string | null;
        time_zone: string;
        /** each day on which somebody occupies the site is one of this SKU: the daily supply charge */
        supply_sku: string | null;
        org_id: string | null;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** One site */
  "GET /v1/sites/{id}": {
    answer: {
      site_id: string;
      name: string;
      address: string | null;
      time_zone: string;
      /** each day on which somebody occupies the site is one of this SKU: the daily supply charge */
      supply_sku: string | null;
      org_id: string | null;
      created_at: string;
    };
  };
  /** Who occupied a site when, by start */
  "GET /v1/sites/{id}/occupancies": {
    answer: {
      data: ({
        occupancy_id: string;
        site_id: string;
        org_id: string;
        from: string;
        to: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** SKUs, in order of their codes */
  "GET /v1/skus": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        sku: string;
        type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
        unit: string;
        aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
        /** event properties that prices and queries may tell apart */
        dimensions: string[];
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
        allow_negative: boolean;
        cost: string | null;
        retail: string | null;
        tax_code: string | null;
        metadata: Record<string, unknown>;
        created_at: string;
      })[];
      next_cursor: string | null;
    };
  };
  /** A SKU */
  "GET /v1/skus/{sku}": {
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      /** event properties that prices and queries may tell apart */
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  /** What time it is for the tenant, and whether its own clock says so */
  "GET /v1/test-clock": {
    answer: {
      /** RFC 3339: the tenant's present */
      now: string;
      mode: "live" | "test";
      /** null while the tenant follows the wall clock */
      test_clock_at: string | null;
    };
  };
  /** The types of events that an endpoint can be subscribed to */
  "GET /v1/webhook-event-types": {
    answer: {
      event_types: string[];
    };
  };
  /** Endpoints and how each goes, newest first */
  "GET /v1/webhooks": {
    query: {
      org_id?: string;
      status?: "enabled" | "disabled";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        webhook_id: string;
        /** only events of this organization and of those below it; null for all */
        org_id: string | null;
        /** who keeps it, and by that which events it may have */
        managed_by: "tenant" | "organization";
        url: string;
        /** or `*` alone for all */
        event_types: string[];
        schedule: "standard" | "extended";
        description: string | null;
        status: "enabled" | "disabled";
        disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
        disabled_at: string | null;
        version: number;
        created_at: string;
        /** since when no attempt succeeded; null while they do */
        failing_since: string | null;
        /** until when the endpoint asked to be left alone (Retry-After) */
        paused_until: string | null;
        health: {
          attempts_24h: number;
          succeeded_24h: number;
          /** 0 to 1; null without attempts */
          success_rate_24h: number | null;
          last_attempt_at: string | null;
          /** HTTP status of the last attempt */
          last_status: number | null;
          last_error: string | null;
          /** deliveries that wait; counted up to 1,000 */
          pending: number;
          /** failed for good and not replayed; counted up to 1,000 */
          dead_letters: number;
        };
      })[];
      next_cursor: string | null;
    };
  };
  /** One endpoint and how it goes */
  "GET /v1/webhooks/{id}": {
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
      health: {
        attempts_24h: number;
        succeeded_24h: number;
        /** 0 to 1; null without attempts */
        success_rate_24h: number | null;
        last_attempt_at: string | null;
        /** HTTP status of the last attempt */
        last_status: number | null;
        last_error: string | null;
        /** deliveries that wait; counted up to 1,000 */
        pending: number;
        /** failed for good and not replayed; counted up to 1,000 */
        dead_letters: number;
      };
    };
  };
  /** Deliveries that failed for good, newest first */
  "GET /v1/webhooks/{id}/dead-letters": {
    query: {
      replayed?: "true" | "false";
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        webhook_id: string;
        event_id: string;
        event_type: string;
        event_at: string;
        reason: "attempts_exhausted" | "endpoint_gone";
        attempts: number;
        last_status: number | null;
        last_error: string | null;
        created_at: string;
        replayed_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** Deliveries to an endpoint, newest first */
  "GET /v1/webhooks/{id}/deliveries": {
    query: {
      status?: "pending" | "delivered" | "failed" | "cancelled";
      event_type?: string;
      event_id?: string;
      from?: string;
      to?: string;
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        webhook_id: string;
        /** the `webhook-id` of every attempt */
        event_id: string;
        event_type: string;
        event_at: string;
        kind: "event" | "replay" | "test";
        replay_id: string | null;
        /** `cancelled`: the endpoint was disabled */
        status: "pending" | "delivered" | "failed" | "cancelled";
        attempts: number;
        next_attempt_at: string | null;
        last_status: number | null;
        last_error: string | null;
        created_at: string;
        finished_at: string | null;
      })[];
      next_cursor: string | null;
    };
  };
  /** One delivery, with what is sent */
  "GET /v1/webhooks/{id}/deliveries/{delivery_id}": {
    answer: {
      delivery_id: string;
      webhook_id: string;
      /** the `webhook-id` of every attempt */
      event_id: string;
      event_type: string;
      event_at: string;
      kind: "event" | "replay" | "test";
      replay_id: string | null;
      /** `cancelled`: the endpoint was disabled */
      status: "pending" | "delivered" | "failed" | "cancelled";
      attempts: number;
      next_attempt_at: string | null;
      last_status: number | null;
      last_error: string | null;
      created_at: string;
      finished_at: string | null;
      /** the bytes of every attempt, as text */
      body: string;
    };
  };
  /** Every attempt of a delivery, first to last, with what was asked and answered */
  "GET /v1/webhooks/{id}/deliveries/{delivery_id}/attempts": {
    query: {
      limit?: number;
      cursor?: string;
    };
    answer: {
      data: ({
        delivery_id: string;
        number: number;
        url: string;
        /** where the request went; null where none was made */
        address: string | null;
        request_headers: Record<string, string>;
        status: number | null;
        response_headers: Record<string, string> | null;
        /** the first 64 KiB as text; null where compressed */
        response_body: string | null;
        response_cut: boolean;
        error_code: string | null;
        error_detail: string | null;
        started_at: string;
        duration_ms: number;
      })[];
      next_cursor: string | null;
    };
  };
  /** How far a replay is */
  "GET /v1/webhooks/{id}/replays/{replay_id}": {
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      /** made so far */
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Change the name, the status or the default plan of a business model */
  "PATCH /v1/business-models/{model_id}": {
    body: {
      name?: string;
      status?: "active" | "retired";
      default_plan_id?: string | null;
    };
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  /** Rename an endpoint, or have it take messages or not */
  "PATCH /v1/inbound-endpoints/{id}": {
    body: {
      name?: string;
      reference?: string | null;
      enabled?: boolean;
    };
    answer: {
      endpoint_id: string;
      /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
      kind: string;
      name: string;
      /** what it belongs to, as its owner calls it */
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      /** newest first */
      secrets: ({
        secret_id: string;
        created_at: string;
        /** null for the present one; the others are on their way out */
        good_until: string | null;
      })[];
    };
  };
  /** Change an organization, or move it in the tree by its parent_org_id */
  "PATCH /v1/orgs/{id}": {
    body: {
      legal_name?: string;
      billing_email?: string;
      default_timezone?: string;
      currency?: string | null;
      parent_org_id?: string | null;
      partner_tier?: string | null;
      tax_id?: string | null;
      visibility?: "private" | "partners" | "public";
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      /** IANA name */
      default_timezone: string;
      /** ISO 4217 */
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      /** true for the tenant's own organization */
      is_own: boolean;
      created_at: string;
    };
  };
  /** Change a member's role */
  "PATCH /v1/orgs/{id}/members/{user_id}": {
    body: {
      role: "admin" | "finance" | "technical" | "user";
    };
    answer: {
      user_id: string;
      org_id: string;
      email: string;
      name: string;
      role: "admin" | "finance" | "technical" | "user";
      status: "active" | "pending";
      created_at: string;
    };
  };
  /** End a partner of record */
  "PATCH /v1/partners-of-record/{partner_of_record_id}": {
    body: {
      end_at: string;
    };
    answer: {
      partner_of_record_id: string;
      org_id: string;
      /** an organization with a partner tier */
      partner_id: string;
      start_at: string;
      end_at: string | null;
      status: "active" | "expired" | "disputed";
      created_at: string;
    };
  };
  /** Change the status or the notes of a plan */
  "PATCH /v1/plans/{plan_id}": {
    body: {
      status?: "active" | "retired";
      notes?: string | null;
    };
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      /** per billing interval; null without a base fee */
      base_amount: string | null;
      /** ISO 8601 calendar interval, such as P1M */
      billing_interval: string;
      /** of the business model */
      currency: string;
      created_at: string;
    };
  };
  /** Change a draft; a SKU that is null is taken out of it */
  "PATCH /v1/pricing/drafts/{draft_id}": {
    body: {
      name?: string;
      base_amount?: string | number | null;
      /** SKU → price in the price language; null is the price that the plan has */
      skus?: Record<string, unknown>;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      /** null where the plan’s base fee stays */
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      /** SHA-256 over plan, base amount and prices */
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      /** the passed backtest that publishing stood on */
      backtest_id: string | null;
    };
  };
  /** Say when an occupancy ends */
  "PATCH /v1/sites/{id}/occupancies/{occupancy_id}": {
    body: {
      to: string;
    };
    answer: {
      occupancy_id: string;
      site_id: string;
      org_id: string;
      from: string;
      to: string | null;
    };
  };
  /** Change what past billing does not stand on */
  "PATCH /v1/skus/{sku}": {
    body: {
      type?: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit?: string;
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions?: string[];
      late_policy?: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative?: boolean;
      cost?: string | number | null;
      retail?: string | number | null;
      tax_code?: string | null;
      metadata?: Record<string, unknown>;
    };
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      /** event properties that prices and queries may tell apart */
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  /** Change an endpoint */
  "PATCH /v1/webhooks/{id}": {
    body: {
      url?: string;
      event_types?: string[];
      schedule?: "standard" | "extended";
      description?: string | null;
      /** refused unless the webhook still has this version */
      version?: number;
    };
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
    };
  };
  /** Make an API key with scopes that its maker has; the answer holds it, this once */
  "POST /v1/api-keys": {
    body: {
      name: string;
      scopes: string[];
      expires_at?: string;
      org_id?: string;
    };
    answer: {
      api_key_id: string;
      name: string;
      prefix: string;
      last_four: string;
      scopes: string[];
      /** bound to this organization and all below it; null for the whole tenant */
      org_id: string | null;
      created_by: string;
      created_at: string;
      expires_at: string | null;
      revoked_at: string | null;
      /** to the minute */
      last_used_at: string | null;
      key: string;
    };
  };
  /** Charge something outside a billing cycle */
  "POST /v1/billing/charges": {
    body: {
      org_id: string;
      project_id?: string;
      lines: ({
        sku: string;
        quantity: string | number;
        request_id: string;
      })[];
    };
    answer: {
      lines: ({
        entry_id: string;
        org_id: string;
        project_id: string | null;
        /** null for a plan's base fee */
        sku: string | null;
        /** decimal text */
        quantity: string;
        /** before rounding */
        amount_exact: string;
        amount_gross: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        partner_id: string | null;
        /** decimal text */
        partner_pct: string;
        partner_amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        net: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        status: "pending" | "settled" | "reversed";
        charge_id: string | null;
        invoice_id: string | null;
        /** null for a charge outside a cycle */
        period: {
          from: string;
          to: string;
        } | null;
        /** the entry that this one takes back, in part or whole */
        corrects: string | null;
        created_at: string;
      })[];
    };
  };
  /** Bill a closed cycle again, of which something is not billed */
  "POST /v1/billing/cycles/{id}:retry": {
    answer: {
      cycle_id: string;
      org_id: string;
      /** local date */
      from: string;
      /** local date, exclusive */
      to: string;
      time_zone: string;
      from_at: string;
      to_at: string;
      closed_at: string;
      /** by itself when it ended, or by a run that was asked for */
      closed_by: "scheduler" | "run";
      run: {
        run_id: string;
        status: "queued" | "running" | "completed" | "failed";
        invoices: number;
        errors: number;
      } | null;
      /** why no run could be requested */
      refusal: {
        code: string;
        detail: string;
      } | null;
    };
  };
  /** What a run would bill an organization, with nothing put on record */
  "POST /v1/billing/previews": {
    body: {
      org_id: string;
      from: string;
      to: string;
    };
    answer: {
      org_id: string;
      period: {
        from: string;
        to: string;
      };
      /** subscriptions whose period is billed */
      already_billed: number;
      errors: ({
        org_id: string;
        subscription_id: string;
        code: string;
        detail: string;
      })[];
      invoices: ({
        total: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        lines: ({
          description: string;
          sku: string | null;
          unit: string | null;
          /** decimal text */
          quantity: string;
          amount: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** decimal text */
          amount_exact: string;
          period: {
            from: string;
            to: string;
          };
          steps: (Record<string, unknown>)[];
        })[];
      })[];
    };
  };
  /** Close and bill a period */
  "POST /v1/billing/runs": {
    body: {
      /** a local date, or a local midnight in RFC 3339 */
      from: string;
      /** a local date, or a local midnight in RFC 3339 */
      to: string;
      org_id?: string;
    };
    answer: {
      run_id: string;
      from: string;
      to: string;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      progress: {
        total: number;
        done: number;
      };
      invoices: number;
      /** subscriptions whose period had been billed before: the run did nothing for them */
      already_billed: number;
      errors: ({
        org_id?: string;
        subscription_id?: string;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Make a business model */
  "POST /v1/business-models": {
    body: {
      code: string;
      name: string;
      currency: string;
    };
    answer: {
      model_id: string;
      code: string;
      name: string;
      status: "active" | "retired";
      version: number;
      currency: string;
      default_plan_id: string | null;
      created_at: string;
    };
  };
  /** Send an event through the router again; what had its effect has no second one */
  "POST /v1/events/{event_id}:redispatch": {
    answer: {
      redispatched: number;
    };
  };
  /** The same for all that match: the dead ones, unless another status is asked for */
  "POST /v1/events:redispatch": {
    body: {
      type?: string;
      aggregate_id?: string;
      correlation_id?: string;
      status?: "published" | "routed" | "dead";
      from?: string;
      to?: string;
      limit?: number;
    };
    answer: {
      redispatched: number;
      more: boolean;
    };
  };
  /** Make an endpoint that others send signed messages to; a secret that is made is in this answer and in no other */
  "POST /v1/inbound-endpoints": {
    body: {
      kind: string;
      name: string;
      reference?: string | null;
      /** the provider’s own; else one is made */
      secret?: string;
    };
    answer: {
      endpoint_id: string;
      /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
      kind: string;
      name: string;
      /** what it belongs to, as its owner calls it */
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      /** newest first */
      secrets: ({
        secret_id: string;
        created_at: string;
        /** null for the present one; the others are on their way out */
        good_until: string | null;
      })[];
      secret: string | null;
    };
  };
  /** Give an endpoint another secret; those before stay good for a while */
  "POST /v1/inbound-endpoints/{id}:rotate-secret": {
    body: {
      keep_hours?: number;
      /** the provider’s own; else one is made */
      secret?: string;
    };
    answer: {
      endpoint_id: string;
      /** whose messages these are: `generic`, `stripe`, `meter_gateway` */
      kind: string;
      name: string;
      /** what it belongs to, as its owner calls it */
      reference: string | null;
      enabled: boolean;
      revoked_at: string | null;
      created_at: string;
      /** newest first */
      secrets: ({
        secret_id: string;
        created_at: string;
        /** null for the present one; the others are on their way out */
        good_until: string | null;
      })[];
      secret: string | null;
    };
  };
  /** Process a message that had no effect once more */
  "POST /v1/inbound-webhooks/{id}:reprocess": {
    answer: {
      inbound_webhook_id: string;
      endpoint_id: string;
      kind: string;
      /** what it counts once by: the sender’s id of it */
      message_id: string;
      type: string | null;
      status: "received" | "processed" | "ignored" | "failed" | "dead";
      attempts: number;
      next_attempt_at: string | null;
      received_at: string;
      signed_at: string;
      /** which secret of the endpoint signed it */
      secret_id: string | null;
      finished_at: string | null;
      last_error: {
        code: string;
        status: number;
        title: string;
        detail?: string;
        errors?: ({
          pointer: string;
          code: string;
          detail: string;
        })[];
      } | null;
      /** null once the body was let go */
      body_bytes: number | null;
    };
  };
  /** Take lines of an invoice back, in part or whole */
  "POST /v1/invoices/{id}/credit-notes": {
    body: {
      reason: string;
      lines: "all" | ({
        line_id: string;
        /** with the sign of the line; what it has left unless given */
        amount?: {
          amount: string | number;
          currency: string;
        };
      })[];
    };
    answer: {
      credit_note_id: string;
      number: string;
      kind: "correction" | "rebill";
      invoice_id: string;
      invoice_number: string;
      org_id: string;
      org_name: string;
      currency: string;
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      reason: string;
      /** the invoice was paid before: the amount is owed to the payer */
      after_payment: boolean;
      issued_at: string;
      lines: ({
        line_id: string;
        invoice_line_id: string;
        description: string;
        sku: string | null;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** what of the invoice's line stood after this note */
        left: {
          /** decimal text */
          amount: string;
          currency: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** Record a payment that came by hand */
  "POST /v1/invoices/{id}:mark-paid": {
    body: {
      paid_at?: string;
      reference?: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      /** local dates, half-open, in the organization's time zone */
      period: {
        from: string;
        to: string;
      };
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** the sum of its credit notes */
      credited: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** what is still to be paid; below zero, what is to be given back */
      balance: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      /** when nobody was expected to pay it any more; stays when it is paid or void after all */
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        /** decimal text */
        quantity: string;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** decimal text */
        amount_exact: string;
        credited: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** Expect nobody to pay an open invoice any more; it can be paid or voided after all */
  "POST /v1/invoices/{id}:mark-uncollectible": {
    body: {
      reason?: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      /** local dates, half-open, in the organization's time zone */
      period: {
        from: string;
        to: string;
      };
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** the sum of its credit notes */
      credited: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** what is still to be paid; below zero, what is to be given back */
      balance: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      /** when nobody was expected to pay it any more; stays when it is paid or void after all */
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        /** decimal text */
        quantity: string;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** decimal text */
        amount_exact: string;
        credited: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** Take an open invoice back */
  "POST /v1/invoices/{id}:void": {
    body: {
      reason: string;
    };
    answer: {
      invoice_id: string;
      number: string;
      org_id: string;
      org_name: string;
      status: "draft" | "open" | "paid" | "void" | "uncollectible";
      currency: string;
      /** local dates, half-open, in the organization's time zone */
      period: {
        from: string;
        to: string;
      };
      total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** the sum of its credit notes */
      credited: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      /** what is still to be paid; below zero, what is to be given back */
      balance: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      issued_at: string;
      due_at: string;
      paid_at: string | null;
      voided_at: string | null;
      /** when nobody was expected to pay it any more; stays when it is paid or void after all */
      uncollectible_at: string | null;
      run_id: string;
      void_reason: string | null;
      payment_reference: string | null;
      lines: ({
        line_id: string;
        description: string;
        sku: string | null;
        unit: string | null;
        /** decimal text */
        quantity: string;
        amount: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        /** decimal text */
        amount_exact: string;
        credited: {
          /** decimal text */
          amount: string;
          currency: string;
        };
        period: {
          from: string;
          to: string;
        };
      })[];
      receipt: {
        seq: number;
        hash: string;
        issued_at: string;
      } | null;
    };
  };
  /** Void and amend many events; each correction is answered by itself */
  "POST /v1/metering/corrections": {
    body: {
      corrections: unknown[];
    };
    answer: {
      /** corrections made now, on disk */
      accepted: number;
      /** made before with the same body, or sent twice here */
      duplicates: number;
      rejected: ({
        index: number;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      /** which of the new events lie in a period that is billed, and what becomes of them */
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      /** Ed25519 JWS over the Merkle root of the new leaves, their count and the time */
      ack: string;
    };
  };
  /** Save how a CSV of meter values is read; imports name it */
  "POST /v1/metering/csv-mappings": {
    body: {
      name: string;
      definition: {
        delimiter?: "," | ";" | "\t" | "|";
        encoding?: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark?: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines?: number;
        header?: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register?: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity?: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks?: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap?: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts?: "clock" | "elapsed";
        };
        quality?: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
    };
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  /** Take back all usage of a range that was reported so far; the answer is a job */
  "POST /v1/metering/deprecations": {
    body: {
      org_id: string;
      sku: string;
      from: string;
      /** exclusive */
      to: string;
      /** why; it is part of each counter-event, and so of the proof */
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
    };
    answer: {
      deprecation_id: string;
      org_id: string;
      sku: string;
      from: string;
      to: string;
      reason: string;
      source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      status: "running" | "completed";
      /** time of the last event that was looked at */
      reached: string | null;
      /** events that it took back */
      voided: number;
      /** events that had been taken back before */
      corrected_before: number;
      /** events of a closed period whose SKU rejects what comes late */
      refused: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Report usage, as it is or as CloudEvents; an event is stored once, for ever, by its request_id */
  "POST /v1/metering/events": {
    query: {
      /** true: answer the leaf hashes that `ack` stands over, too */
      leaves?: "true" | "false";
    };
    body: ({
      /** identifies the event within the tenant, for ever */
      request_id: string;
      sku: string;
      /** decimal text, or a JSON number of at most 15 digits; 1 where the SKU counts */
      quantity?: string;
      amount?: string;
      properties?: Record<string, unknown>;
      org_id: string;
      project_id?: string;
      /** the start of what was used, from 2000 to 24 hours from now */
      time: string;
      source?: string;
      metadata?: Record<string, unknown>;
    })[] | {
      events: ({
        /** identifies the event within the tenant, for ever */
        request_id: string;
        sku: string;
        /** decimal text, or a JSON number of at most 15 digits; 1 where the SKU counts */
        quantity?: string;
        amount?: string;
        properties?: Record<string, unknown>;
        org_id: string;
        project_id?: string;
        /** the start of what was used, from 2000 to 24 hours from now */
        time: string;
        source?: string;
        metadata?: Record<string, unknown>;
      })[];
    };
    answer: {
      /** stored now, on disk */
      accepted: number;
      /** stored before with the same body, or sent twice here */
      duplicates: number;
      rejected: ({
        index: number;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      late: ({
        index: number;
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      /** hexadecimal, in the order of the events; with ?leaves=true */
      leaves?: string[];
      /** Ed25519 JWS over the Merkle root of the accepted and duplicate leaves, their count and the time */
      ack: string;
    };
  };
  /** Take an event back and put another in its place: what is left out stays as it was, null takes it away */
  "POST /v1/metering/events/{request_id}:amend": {
    body: {
      /** why; it is part of the counter-event, and so of the proof */
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
      /** of the replacement; amend:<request_id> unless given */
      request_id?: string;
      quantity?: string | number | null;
      amount?: string | number | null;
      properties?: Record<string, unknown> | null;
      time?: string;
      org_id?: string;
      project_id?: string | null;
      sku?: string;
      metadata?: Record<string, unknown> | null;
    };
    answer: {
      counter: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        /** request_id of the event that this counter-event takes back */
        voids: string | null;
        /** request_id of the event in whose place this one stands */
        amends: string | null;
        /** 64 hexadecimal digits */
        leaf: string;
        received_at: string;
      };
      replacement: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        /** request_id of the event that this counter-event takes back */
        voids: string | null;
        /** request_id of the event in whose place this one stands */
        amends: string | null;
        /** 64 hexadecimal digits */
        leaf: string;
        received_at: string;
      } | null;
      /** which of the new events lie in a period that is billed, and what becomes of them */
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      /** Ed25519 JWS over the Merkle root of the new leaves, their count and the time */
      ack: string;
    };
  };
  /** Take an event back by a counter-event; nothing is overwritten */
  "POST /v1/metering/events/{request_id}:void": {
    body: {
      /** why; it is part of the counter-event, and so of the proof */
      reason: string;
      source?: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
    };
    answer: {
      counter: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        /** request_id of the event that this counter-event takes back */
        voids: string | null;
        /** request_id of the event in whose place this one stands */
        amends: string | null;
        /** 64 hexadecimal digits */
        leaf: string;
        received_at: string;
      };
      replacement: {
        event_id: string;
        request_id: string;
        org_id: string;
        project_id: string | null;
        sku: string;
        quantity: string | null;
        amount: string | null;
        properties: Record<string, unknown> | null;
        time: string;
        source: "form_submit" | "backend" | "meter" | "import" | "manual" | "replay";
        metadata: Record<string, unknown> | null;
        /** request_id of the event that this counter-event takes back */
        voids: string | null;
        /** request_id of the event in whose place this one stands */
        amends: string | null;
        /** 64 hexadecimal digits */
        leaf: string;
        received_at: string;
      } | null;
      /** which of the new events lie in a period that is billed, and what becomes of them */
      late: ({
        request_id: string;
        late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      })[];
      /** Ed25519 JWS over the Merkle root of the new leaves, their count and the time */
      ack: string;
    };
  };
  /** Register a gateway that sends readings by signed webhook; its secret is in this answer and in no other */
  "POST /v1/metering/gateways": {
    body: {
      name: string;
    };
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
      secret: string;
    };
  };
  /** Readings of a gateway, signed as Standard Webhooks has it */
  "POST /v1/metering/gateways/{gateway_id}/readings": {
    answer: {
      readings: ({
        index: number;
        reading_id: string;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
      })[];
      rejected: ({
        index: number;
        code: string;
        detail: string;
      })[];
    } | {
      inbound_webhook_id: string;
    };
  };
  /** Take nothing more of a gateway, for good */
  "POST /v1/metering/gateways/{gateway_id}:revoke": {
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
    };
  };
  /** Give a gateway another secret; the one before stays good for a while */
  "POST /v1/metering/gateways/{gateway_id}:rotate": {
    body: {
      keep_hours?: number;
    };
    answer: {
      gateway_id: string;
      name: string;
      old_secret_until: string | null;
      revoked_at: string | null;
      created_at: string;
      secret: string;
    };
  };
  /** Import a file of usage: CSV, NEM12, NEM13, Green Button XML or MSCONS */
  "POST /v1/metering/imports": {
    answer: {
      import_id: string;
      filename: string;
      sha256: string;
      bytes: number;
      format: "auto" | "csv" | "nem12" | "nem13" | "greenbutton" | "mscons";
      on_error: "reject" | "keep_good";
      org_id: string | null;
      mapping: string | null;
      status: "queued" | "running" | "completed" | "rejected" | "failed";
      progress: {
        bytes_done: number;
        bytes_total: number;
        rows_done: number;
      };
      totals: {
        lines: number;
        accepted: number;
        duplicates: number;
        rejected: number;
        unmapped: number;
        missing: number;
        held: number;
        quantities: Record<string, string>;
      };
      error_count: number;
      same_as: string | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Keep a photo of what a device shows, for a reading to refer to */
  "POST /v1/metering/photos": {
    answer: {
      photo_id: string;
      sha256: string;
      media_type: "image/jpeg" | "image/png" | "image/webp";
      bytes: number;
      created_at: string;
    };
  };
  /** Say what readings of a SKU or of a meter have to keep to, and what becomes of those that do not */
  "POST /v1/metering/reading-rules": {
    body: {
      sku?: string;
      meter_id?: string;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold?: string | number;
    };
    answer: {
      rule_id: string;
      sku: string | null;
      meter_id: string | null;
      kind: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
      action: "accept_and_flag" | "hold";
      threshold: string | null;
      created_at: string;
    };
  };
  /** Keep what registers show, one reading or up to 1,000 in any order; what a counter gained since the reading before is usage */
  "POST /v1/metering/readings": {
    body: {
      meter_id: string;
      register?: string;
      time: string;
      value: string | number;
      quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
      unit?: string;
      photo_id?: string;
    } | {
      readings: ({
        meter_id: string;
        register?: string;
        time: string;
        value: string | number;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
        unit?: string;
        photo_id?: string;
      })[];
    } | ({
      meter_id: string;
      register?: string;
      time: string;
      value: string | number;
      quality: "actual" | "estimated" | "substituted" | "final" | "customer" | "A" | "E" | "S" | "F";
      unit?: string;
      photo_id?: string;
    })[];
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
      })[];
    };
  };
  /** Bring usage back through ingest, from a file or from the store; what is there already stays as it is */
  "POST /v1/metering/replays": {
    body: {
      from_store: {
        org_id?: string;
        sku?: string;
        from: string;
        /** exclusive */
        to: string;
      };
    } | null;
    answer: {
      replay_id: string;
      origin: "file" | "store";
      /** of the file, hexadecimal */
      sha256: string | null;
      org_id: string | null;
      sku: string | null;
      from: string | null;
      to: string | null;
      status: "running" | "completed";
      /** stored now */
      accepted: number;
      /** stored before with the same body, whatever its source */
      duplicates: number;
      rejected: number;
      /** the first hundred */
      rejections: ({
        /** of the file; null from the store */
        line: number | null;
        request_id: string | null;
        code: string;
        detail: string;
      })[];
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Count a held reading as it is */
  "POST /v1/metering/reviews/{id}:accept": {
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        /** decimal text */
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  /** Count another value in the place of a held reading, as substituted */
  "POST /v1/metering/reviews/{id}:correct": {
    body: {
      value: string | number;
    };
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        /** decimal text */
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  /** Never count a held reading */
  "POST /v1/metering/reviews/{id}:reject": {
    body: {
      reason: string;
    };
    answer: {
      review_id: string;
      status: "open" | "accepted" | "corrected" | "rejected";
      reasons: ({
        code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
        detail: string;
      })[];
      reading: {
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
      };
      identifier: string;
      unit: string;
      before: {
        time: string;
        /** decimal text */
        value: string;
      } | null;
      note: string | null;
      corrected_by: string | null;
      decided_by: {
        kind: string;
        id: string;
        name?: string;
      } | null;
      decided_at: string | null;
      created_at: string;
    };
  };
  /** Register a meter at a site; without registers it has one, called 1 */
  "POST /v1/meters": {
    body: {
      site_id: string;
      identifier: string;
      sku: string;
      registers?: (string | {
        register: string;
        sku?: string;
        unit?: string;
        direction?: "import" | "export";
        kind?: "interval" | "cumulative";
        every_minutes?: number | null;
        digits?: number | null;
        multiplier?: string | number;
      })[];
    };
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  /** Fill the gaps of a register with estimated readings, which a later actual trues up */
  "POST /v1/meters/{id}/gaps:estimate": {
    body: {
      register: string;
      from: string;
      to: string;
    };
    answer: {
      data: ({
        reading_id: string;
        meter_id: string;
        register: string;
        time: string;
        /** decimal text */
        value: string;
        quality: "actual" | "estimated" | "substituted" | "final" | "customer";
        state: "counted" | "held" | "superseded" | "rejected";
        source: "manual" | "gateway" | "import" | "estimate";
        is_last: boolean;
        flags: ("below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant")[];
        photo_id: string | null;
        created_by: {
          kind: string;
          id: string;
          name?: string;
        } | null;
        created_at: string;
        usage: {
          request_id: string;
          org_id: string;
          sku: string;
          /** decimal text */
          quantity: string;
          time: string;
          refusal: string | null;
        } | null;
        outcome: "recorded" | "replaced" | "unchanged" | "not_applied" | "held";
        reasons: ({
          code: "below_min" | "above_max" | "spike" | "zeros" | "negative" | "backwards" | "future" | "unit_mismatch" | "no_occupant";
          detail: string;
        })[];
      })[];
    };
  };
  /** Put another device in the place of a meter’s: the final read of the old and the initial of the new, of each counter */
  "POST /v1/meters/{id}:replace": {
    body: {
      at: string;
      serial?: string | null;
      registers: ({
        register: string;
        final: string | number;
        initial?: string | number;
        digits?: number | null;
        multiplier?: string | number;
      })[];
    };
    answer: {
      meter_id: string;
      site_id: string;
      identifier: string;
      sku: string;
      registers: ({
        register: string;
        sku: string;
        unit: string;
        direction: "import" | "export";
        kind: "interval" | "cumulative";
        every_minutes: number | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      devices: ({
        register: string;
        installed_at: string;
        serial: string | null;
        digits: number | null;
        /** decimal text */
        multiplier: string;
      })[];
      created_at: string;
    };
  };
  /** Make an organization */
  "POST /v1/orgs": {
    body: {
      legal_name: string;
      org_slug: string;
      billing_email: string;
      default_timezone: string;
      currency?: string;
      parent_org_id?: string;
      partner_tier?: string;
      tax_id?: string;
      visibility?: "private" | "partners" | "public";
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      /** IANA name */
      default_timezone: string;
      /** ISO 4217 */
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      /** true for the tenant's own organization */
      is_own: boolean;
      created_at: string;
    };
  };
  /** Make a child, or link an organization that has no parent yet */
  "POST /v1/orgs/{id}/children": {
    body: {
      legal_name?: string;
      org_slug?: string;
      billing_email?: string;
      default_timezone?: string;
      currency?: string;
      partner_tier?: string;
      tax_id?: string;
      visibility?: "private" | "partners" | "public";
      org_id?: string;
    };
    answer: {
      org_id: string;
      legal_name: string;
      org_slug: string;
      billing_email: string;
      /** IANA name */
      default_timezone: string;
      /** ISO 4217 */
      currency: string | null;
      parent_org_id: string | null;
      partner_tier: string | null;
      tax_id: string | null;
      visibility: "private" | "partners" | "public";
      /** true for the tenant's own organization */
      is_own: boolean;
      created_at: string;
    };
  };
  /** Put an organization on a plan */
  "POST /v1/orgs/{id}/entitlements": {
    body: {
      plan_id: string;
      effective_at: string;
      overrides?: {
        base_amount?: string | number;
        skus?: Record<string, {
          included_qty?: unknown;
          overage_price?: unknown;
          price?: unknown;
        }>;
      };
    };
    answer: {
      subscription_id: string;
      org_id: string;
      plan_id: string;
      plan_name: string;
      overrides: Record<string, unknown>;
      effective_at: string;
      ended_at: string | null;
      billed_until: string | null;
      status: "scheduled" | "active" | "ended";
      created_at: string;
    };
  };
  /** Invite a user; the answer holds the token of the invitation, this once */
  "POST /v1/orgs/{id}/members": {
    body: {
      email: string;
      name?: string;
      role: "admin" | "finance" | "technical" | "user";
    };
    answer: {
      user_id: string;
      org_id: string;
      email: string;
      name: string;
      role: "admin" | "finance" | "technical" | "user";
      status: "active" | "pending";
      created_at: string;
      setup_token: string;
      setup_expires_at: string;
    };
  };
  /** Make a partner earn on an organization */
  "POST /v1/partners-of-record": {
    body: {
      org_id?: string;
      billing_account_id?: string;
      partner_id: string;
      start_at: string;
      end_at?: string;
    };
    answer: {
      partner_of_record_id: string;
      org_id: string;
      /** an organization with a partner tier */
      partner_id: string;
      start_at: string;
      end_at: string | null;
      status: "active" | "expired" | "disputed";
      created_at: string;
    };
  };
  /** Make a plan */
  "POST /v1/plans": {
    body: {
      model_id: string;
      name: string;
      tier?: string;
      notes?: string;
      base_amount?: string | number;
      billing_interval?: string;
    };
    answer: {
      plan_id: string;
      model_id: string;
      name: string;
      tier: string | null;
      status: "active" | "retired";
      notes: string | null;
      /** per billing interval; null without a base fee */
      base_amount: string | null;
      /** ISO 8601 calendar interval, such as P1M */
      billing_interval: string;
      /** of the business model */
      currency: string;
      created_at: string;
    };
  };
  /** Try a change of prices on months of real usage */
  "POST /v1/pricing/backtests": {
    body: {
      draft_id?: string;
      /** instead of draft_id, with base_amount and skus: a change that is not kept */
      plan_id?: string;
      base_amount?: string | number | null;
      skus?: Record<string, unknown>;
      compare_draft_id?: string;
      /** first month, YYYY-MM */
      from: string;
      /** the month after the last */
      to: string;
      /** all with a subscription to the plan unless given */
      org_ids?: "all" | string[];
      /** who pays more than this: 10 unless given */
      over_percent?: string | number;
    };
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      /** of the draft as it was tried */
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      /** decimal text */
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      /** organization-months */
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          /** null is the base fee */
          sku: string | null;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        /** could not be rated, and are in no other figure */
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Stop a backtest where it is */
  "POST /v1/pricing/backtests/{id}:cancel": {
    answer: {
      backtest_id: string;
      plan_id: string;
      draft_id: string | null;
      compare_draft_id: string | null;
      /** of the draft as it was tried */
      content_hash: string;
      currency: string;
      from: string;
      to: string;
      months: string[];
      org_ids: string[] | null;
      /** decimal text */
      over_percent: string;
      status: "queued" | "running" | "completed" | "failed" | "cancelled";
      /** organization-months */
      progress: {
        done: number;
        total: number;
      };
      summary: {
        currency: string;
        organizations: number;
        organization_months: number;
        before: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
        };
        draft: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        };
        compare: {
          revenue: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          /** the partners’ commission */
          partners: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          difference: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          percent: string | null;
          paying_more: number;
          paying_less: number;
          paying_the_same: number;
          over: {
            /** decimal text */
            percent: string;
            organizations: number;
            share: string | null;
          };
          change: {
            p5: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p25: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p50: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p75: {
              /** decimal text */
              amount: string;
              currency: string;
            };
            p95: {
              /** decimal text */
              amount: string;
              currency: string;
            };
          } | null;
          change_percent: {
            /** decimal text */
            p5: string;
            /** decimal text */
            p25: string;
            /** decimal text */
            p50: string;
            /** decimal text */
            p75: string;
            /** decimal text */
            p95: string;
          } | null;
          distribution: ({
            /** percent, inclusive; null is without bound */
            from: string | null;
            /** percent, exclusive; null is without bound */
            to: string | null;
            organizations: number;
          })[];
        } | null;
        by_month: ({
          month: string;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        by_sku: ({
          /** null is the base fee */
          sku: string | null;
          before: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          draft: {
            /** decimal text */
            amount: string;
            currency: string;
          };
          compare: {
            /** decimal text */
            amount: string;
            currency: string;
          } | null;
        })[];
        /** could not be rated, and are in no other figure */
        faulty_organizations: number;
        faults: ({
          org_id: string;
          side: "before" | "draft" | "compare";
          code: string;
          detail: string;
        })[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Draft a change of a plan’s prices */
  "POST /v1/pricing/drafts": {
    body: {
      name: string;
      plan_id: string;
      base_amount?: string | number | null;
      /** SKU → price in the price language; null is the price that the plan has */
      skus?: Record<string, unknown>;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      /** null where the plan’s base fee stays */
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      /** SHA-256 over plan, base amount and prices */
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      /** the passed backtest that publishing stood on */
      backtest_id: string | null;
    };
  };
  /** Put a draft aside for good */
  "POST /v1/pricing/drafts/{draft_id}:discard": {
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      /** null where the plan’s base fee stays */
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      /** SHA-256 over plan, base amount and prices */
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      /** the passed backtest that publishing stood on */
      backtest_id: string | null;
    };
  };
  /** Make a draft the plan’s prices, on a passed backtest where the plan demands one */
  "POST /v1/pricing/drafts/{draft_id}:publish": {
    body: {
      /** the passed backtest to stand on; the newest unless given */
      backtest_id?: string;
    };
    answer: {
      draft_id: string;
      plan_id: string;
      name: string;
      status: "draft" | "published" | "discarded";
      /** null where the plan’s base fee stays */
      base_amount: string | null;
      skus: Record<string, Record<string, unknown>>;
      /** SHA-256 over plan, base amount and prices */
      content_hash: string;
      created_at: string;
      created_by: string;
      updated_at: string;
      published_at: string | null;
      published_by: string | null;
      /** the passed backtest that publishing stood on */
      backtest_id: string | null;
    };
  };
  /** What billing would charge for some usage */
  "POST /v1/pricing/estimate": {
    body: {
      org_id: string;
      project_id?: string;
      /** SKU → uses for each lead */
      skus: Record<string, string | number>;
      leads: string | number;
      /** SKU → single events of one billing interval, for prices over them; not multiplied by leads */
      events?: Record<string, ({
        quantity?: string | number;
        amount?: string | number;
        /** the start of the billing interval unless given */
        time?: string;
        properties?: Record<string, unknown>;
      })[]>;
    };
    answer: {
      base: {
        /** decimal text */
        amount: string;
        currency: string;
      };
      lines: ({
        sku: string;
        /** decimal text */
        quantity: string;
        /** decimal text */
        included: string;
        /** decimal text */
        overage: string;
        total: {
          /** decimal text */
          amount: string;
          currency: string;
        };
      })[];
      grand_total: {
        /** decimal text */
        amount: string;
        currency: string;
      };
    };
  };
  /** Price one thing, with nothing stored */
  "POST /v1/pricing/evaluate": {
    body: {
      currency: string;
      /** a price of the price language */
      price: Record<string, unknown>;
      quantity?: string | number;
      events?: ({
        request_id?: string;
        quantity?: string | number;
        fraction?: string | number;
        amount?: string | number;
        time?: string;
        properties?: Record<string, unknown>;
      })[];
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "average";
      allow_negative?: boolean;
      rounding?: "half_up" | "half_even" | "up" | "down";
    };
    answer: {
      currency: string;
      /** decimal text */
      quantity: string;
      /** decimal text */
      amount: string;
      /** decimal text */
      amount_exact: string;
      steps: (Record<string, unknown>)[];
    };
  };
  /** Make a project of an organization */
  "POST /v1/projects": {
    body: {
      org_id: string;
      name: string;
    };
    answer: {
      project_id: string;
      org_id: string;
      name: string;
      created_at: string;
    };
  };
  /** Send stored events through the reactions again, or say what that would do */
  "POST /v1/replays": {
    body: {
      selection: {
        /** events that happened from this moment on */
        from?: string;
        /** exclusive */
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        /** only what no delivery was tried again for */
        dead_only?: boolean;
      };
      /** says what would happen, and does nothing */
      dry_run?: boolean;
      /** events */
      rate_per_second?: number;
      reason?: string;
    };
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      /** events */
      progress: {
        total: number;
        done: number;
      };
      /** of a dry run */
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            /** events that took effect before: nothing happens */
            had: number;
            would_run: number;
          })[];
        })[];
        /** ids of the first events */
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Work out again what was issued, from the stored usage and inputs, and compare */
  "POST /v1/replays/verifications": {
    body: {
      /** periods with a day from here on; all unless given */
      from?: string;
      /** exclusive */
      to?: string;
      org_id?: string;
    };
    answer: {
      verification_id: string;
      from: string | null;
      to: string | null;
      org_id: string | null;
      status: "queued" | "running" | "completed" | "failed";
      /** invoices */
      progress: {
        total: number;
        done: number;
      };
      checked: {
        invoices: number;
        lines: number;
        credit_notes: number;
        billed_periods: number;
        /** charges outside cycles */
        actions: number;
        /** usage events read, each as often as a line is over it */
        events: number;
      };
      differences: number;
      problem: {
        code: string;
        detail: string;
      } | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** End a replay where it is; what was sent again stays sent */
  "POST /v1/replays/{id}:cancel": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      /** events */
      progress: {
        total: number;
        done: number;
      };
      /** of a dry run */
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            /** events that took effect before: nothing happens */
            had: number;
            would_run: number;
          })[];
        })[];
        /** ids of the first events */
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Let a replay rest where it is */
  "POST /v1/replays/{id}:pause": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      /** events */
      progress: {
        total: number;
        done: number;
      };
      /** of a dry run */
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            /** events that took effect before: nothing happens */
            had: number;
            would_run: number;
          })[];
        })[];
        /** ids of the first events */
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Let a paused replay go on from where it is */
  "POST /v1/replays/{id}:resume": {
    answer: {
      replay_id: string;
      selection: {
        from?: string;
        to?: string;
        types?: string[];
        aggregate_type?: string;
        aggregate_id?: string;
        org_id?: string;
        correlation_id?: string;
        event_ids?: string[];
        dead_only?: boolean;
      };
      dry_run: boolean;
      rate_per_second: number;
      reason: string | null;
      status: "queued" | "running" | "paused" | "completed" | "cancelled" | "failed";
      /** events */
      progress: {
        total: number;
        done: number;
      };
      /** of a dry run */
      forecast: {
        events: number;
        by_type: ({
          type: string;
          events: number;
          dead: number;
          reactions: ({
            reaction: string;
            /** events that took effect before: nothing happens */
            had: number;
            would_run: number;
          })[];
        })[];
        /** ids of the first events */
        sample: string[];
      } | null;
      problem: {
        code: string;
        detail: string;
      } | null;
      requested_by: string;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Sign in with a password; the session comes as cookies */
  "POST /v1/session": {
    body: {
      email: string;
      password: string;
      tenant?: string;
    };
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      /** goes back as X-CSRF-Token with every write */
      csrf_token: string;
    };
  };
  /** Trade the refresh token for a new one; a token used twice ends the session */
  "POST /v1/session:refresh": {
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      /** goes back as X-CSRF-Token with every write */
      csrf_token: string;
    };
  };
  /** Sign in the first time, with the token of a set-up or an invitation */
  "POST /v1/session:setup": {
    body: {
      token: string;
      password: string;
      email?: string;
      name?: string;
    };
    answer: {
      user: {
        user_id: string;
        email: string;
        name: string;
      };
      tenant: {
        tenant_id: string;
        name: string;
        mode: "live" | "test";
      };
      organization: {
        org_id: string;
        legal_name: string;
        is_own: boolean;
      };
      role: "admin" | "finance" | "technical" | "user";
      scopes: string[];
      /** goes back as X-CSRF-Token with every write */
      csrf_token: string;
    };
  };
  /** Make a site */
  "POST /v1/sites": {
    body: {
      name: string;
      address?: string | null;
      time_zone?: string;
      /** for a daily supply charge: one a day while somebody occupies the site */
      supply_sku?: string;
    };
    answer: {
      site_id: string;
      name: string;
      address: string | null;
      time_zone: string;
      /** each day on which somebody occupies the site is one of this SKU: the daily supply charge */
      supply_sku: string | null;
      org_id: string | null;
      created_at: string;
    };
  };
  /** Say who occupies a site from when; usage of its meters is theirs */
  "POST /v1/sites/{id}/occupancies": {
    body: {
      org_id: string;
      from: string;
      to?: string | null;
    };
    answer: {
      occupancy_id: string;
      site_id: string;
      org_id: string;
      from: string;
      to: string | null;
    };
  };
  /** Make a SKU */
  "POST /v1/skus": {
    body: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation?: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      dimensions?: string[];
      late_policy?: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative?: boolean;
      cost?: string | number | null;
      retail?: string | number | null;
      tax_code?: string | null;
      metadata?: Record<string, unknown>;
    };
    answer: {
      sku: string;
      type: "hosting" | "object" | "validation" | "action" | "analytics" | "energy";
      unit: string;
      aggregation: "sum" | "count" | "max" | "min" | "latest" | "unique_count" | "average" | "weighted_sum";
      /** event properties that prices and queries may tell apart */
      dimensions: string[];
      late_policy: "adjust_next" | "absorb" | "rebill" | "reject";
      allow_negative: boolean;
      cost: string | null;
      retail: string | null;
      tax_code: string | null;
      metadata: Record<string, unknown>;
      created_at: string;
    };
  };
  /** End a subscription, now or at a moment */
  "POST /v1/subscriptions/{subscription_id}:end": {
    body: {
      ended_at?: string;
    };
    answer: {
      subscription_id: string;
      org_id: string;
      plan_id: string;
      plan_name: string;
      overrides: Record<string, unknown>;
      effective_at: string;
      ended_at: string | null;
      billed_until: string | null;
      status: "scheduled" | "active" | "ended";
      created_at: string;
    };
  };
  /** Make an endpoint that events are delivered to; its secret is in this answer and in no other */
  "POST /v1/webhooks": {
    body: {
      url: string;
      event_types?: string[];
      org_id?: string;
      schedule?: "standard" | "extended";
      description?: string;
      secret?: string;
    };
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
      /** `whsec_` and base64; in this answer and in no other */
      secret: string;
    };
  };
  /** A message to an endpoint, signed by a secret of it over its raw bytes */
  "POST /v1/webhooks/in/{endpoint}": {
    answer: Record<string, unknown> | {
      inbound_webhook_id: string;
    };
  };
  /** Deliver one event again, under its webhook-id */
  "POST /v1/webhooks/{id}/deliveries/{delivery_id}:replay": {
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      /** made so far */
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Deliver nothing more; what waits is cancelled and can be replayed */
  "POST /v1/webhooks/{id}:disable": {
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
    };
  };
  /** Deliver events again that happen from now on */
  "POST /v1/webhooks/{id}:enable": {
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
    };
  };
  /** Deliver events of a range again, or all that were not delivered */
  "POST /v1/webhooks/{id}:replay": {
    body: {
      from?: string;
      to?: string;
      types?: string[];
      /** `undelivered`: failed or cancelled, and not replayed since; `failed` and `cancelled` likewise */
      status?: "failed" | "cancelled" | "undelivered" | "delivered" | "any";
    };
    answer: {
      replay_id: string;
      webhook_id: string;
      status: "running" | "completed";
      /** made so far */
      deliveries: number;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Give an endpoint another secret, told in this answer alone; those before sign beside it for a while */
  "POST /v1/webhooks/{id}:rotate-secret": {
    body: {
      secret?: string;
      keep_hours?: number;
    };
    answer: {
      webhook_id: string;
      /** only events of this organization and of those below it; null for all */
      org_id: string | null;
      /** who keeps it, and by that which events it may have */
      managed_by: "tenant" | "organization";
      url: string;
      /** or `*` alone for all */
      event_types: string[];
      schedule: "standard" | "extended";
      description: string | null;
      status: "enabled" | "disabled";
      disabled_reason: "on_request" | "gone" | "failing" | "deleted" | null;
      disabled_at: string | null;
      version: number;
      created_at: string;
      /** since when no attempt succeeded; null while they do */
      failing_since: string | null;
      /** until when the endpoint asked to be left alone (Retry-After) */
      paused_until: string | null;
      /** `whsec_` and base64; in this answer and in no other */
      secret: string;
    };
  };
  /** Send a test event, once */
  "POST /v1/webhooks/{id}:test": {
    answer: {
      delivery_id: string;
      webhook_id: string;
      /** the `webhook-id` of every attempt */
      event_id: string;
      event_type: string;
      event_at: string;
      kind: "event" | "replay" | "test";
      replay_id: string | null;
      /** `cancelled`: the endpoint was disabled */
      status: "pending" | "delivered" | "failed" | "cancelled";
      attempts: number;
      next_attempt_at: string | null;
      last_status: number | null;
      last_error: string | null;
      created_at: string;
      finished_at: string | null;
    };
  };
  /** Have cycles closed and billed automatically, or not */
  "PUT /v1/billing/settings": {
    body: {
      automatic: boolean;
      /** PT6H unless given */
      grace?: string;
      /** nothing before this date is billed automatically; unless given, the cycle in which it is switched on is the first */
      from?: string;
    };
    answer: {
      automatic: boolean;
      /** ISO 8601 duration: how long after its end a cycle is closed */
      grace: string;
      from: string | null;
      switched_on_at: string | null;
    };
  };
  /** Set what partners of a tier earn on a SKU */
  "PUT /v1/commission-rates": {
    body: {
      partner_tier: string;
      sku: string;
      /** 0 to 100, at most two decimals */
      pct: string | number;
    };
    answer: {
      partner_tier: string;
      sku: string;
      /** decimal text */
      pct: string;
      updated_at: string;
    };
  };
  /** Replace a CSV mapping; imports under way go on by the one before */
  "PUT /v1/metering/csv-mappings/{name}": {
    body: {
      definition: {
        delimiter?: "," | ";" | "\t" | "|";
        encoding?: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark?: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines?: number;
        header?: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register?: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity?: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks?: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap?: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts?: "clock" | "elapsed";
        };
        quality?: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
    };
    answer: {
      mapping_id: string;
      name: string;
      definition: {
        delimiter: "," | ";" | "\t" | "|";
        encoding: "utf-8" | "utf-16le" | "iso-8859-1" | "windows-1252";
        decimal_mark: "." | ",";
        /** lines above the header, or above the rows where there is none */
        skip_lines: number;
        header: boolean;
        meter: {
          column: string | number;
        } | {
          value: string;
        };
        register: {
          column: string | number;
        } | {
          value: string;
        };
        /** slug or id of the organization that the meter must be occupied by */
        org?: {
          column: string | number;
        } | {
          value: string;
        };
        unit: {
          column: string | number;
        } | {
          value: string;
        };
        /** by the register’s letter unless given: E import, B export */
        flow?: "import" | "export";
        commodity: "electricity" | "gas" | "water" | "heat";
        time: {
          /** a date and a time in two columns are read as one text with a space */
          columns: (string | number)[];
          /** DD.MM.YYYY HH:mm, or iso, unix, unix_ms */
          format: string;
          zone?: string;
          /** which end of its interval a time names */
          marks: "start" | "end";
          /** an hour that comes twice when clocks go back */
          overlap: "in_order" | "earlier" | "later" | "refuse";
        };
        interval_minutes: number;
        quantity: {
          column: string | number;
        } | {
          first_column: string | number;
          columns: number;
          /** clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days */
          counts: "clock" | "elapsed";
        };
        quality: {
          value: "A" | "S" | "F" | "E" | "N" | "V";
        } | {
          column: string | number;
          map: Record<string, "A" | "S" | "F" | "E" | "N" | "V">;
          otherwise?: "A" | "S" | "F" | "E" | "N" | "V";
        };
      };
      created_at: string;
      updated_at: string;
    };
  };
  /** Move an organization to a business model and plan; with preview=true only show the differences */
  "PUT /v1/orgs/{id}/business-model": {
    query: {
      preview?: "true" | "false";
    };
    body: {
      model_id: string;
      plan_id: string;
      notes?: string;
      /** now unless given */
      effective_at?: string;
    };
    answer: {
      preview: boolean;
      org_id: string;
      model_id: string;
      plan_id: string;
      /** the subscription to the plan; null in a preview that would start one */
      subscription_id: string | null;
      effective_at: string;
      notes: string | null;
      currency: string;
      base_amount: {
        before: string | null;
        after: string | null;
      };
      differences: ({
        sku: string;
        change: "added" | "removed" | "changed";
        before: {
          plan_id: string;
          price_version_id: string;
          version: number;
          price: Record<string, unknown>;
          included_qty: string | null;
          overridden: boolean;
        } | null;
        after: {
          plan_id: string;
          price_version_id: string;
          version: number;
          price: Record<string, unknown>;
          included_qty: string | null;
          overridden: boolean;
        } | null;
      })[];
      ended_subscription_ids: string[];
    };
  };
  /** Demand a passed backtest before the prices of a plan change, or nothing any more */
  "PUT /v1/plans/{plan_id}/publish-policy": {
    body: {
      require_backtest: {
        max_increase_percent?: string | number | null;
        max_org_increase_percent?: string | number | null;
        max_share_over?: string | number | null;
        months: number;
      } | null;
    };
    answer: {
      plan_id: string;
      require_backtest: {
        /** of the revenue of all months together */
        max_increase_percent: string | null;
        /** above which an organization counts as over */
        max_org_increase_percent: string | null;
        /** percent of the organizations that may be over; null is none */
        max_share_over: string | null;
        /** how many months it covers at least */
        months: number;
      } | null;
    };
  };
  /** Price a SKU in a plan: a new immutable version, unless it is the current price */
  "PUT /v1/plans/{plan_id}/skus/{sku}": {
    body: {
      included_qty?: unknown;
      overage_price?: unknown;
      price?: unknown;
    };
    answer: {
      price_version_id: string;
      plan_id: string;
      sku: string;
      version: number;
      price: Record<string, unknown>;
      /** SHA-256 of the canonical JSON of the price */
      price_hash: string;
      created_at: string;
      created_by: string;
      /** the draft whose publication made it */
      draft_id: string | null;
      included_qty: string | null;
      overage_price: string | null;
      tiers: (Record<string, unknown>)[] | null;
    };
  };
  /** Set the clock of a test tenant; it then stands, and only goes forward; null lets it go with the wall clock again */
  "PUT /v1/test-clock": {
    body: {
      now: string | null;
    };
    answer: {
      /** RFC 3339: the tenant's present */
      now: string;
      mode: "live" | "test";
      /** null while the tenant follows the wall clock */
      test_clock_at: string | null;
    };
  };
}
